"""The load: runs Locust as a program, writes its plan, and reads its records. Locust itself is never imported."""

from authlab.load.plan import LoadPlan, Window
from authlab.load.process import LoadProcess, Readiness
from authlab.load.scenario import Scenario, scenario_from_word
from authlab.load.tail import Counts, RecordingTail

__all__ = [
    "Counts",
    "LoadPlan",
    "LoadProcess",
    "Readiness",
    "RecordingTail",
    "Scenario",
    "Window",
    "scenario_from_word",
]
