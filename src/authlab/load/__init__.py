"""The load: Locust run as a program, its plan, and what it has recorded so far. Locust itself is never imported."""

from authlab.load.plan import DEFAULT_MIX, LoadPlan, Window
from authlab.load.process import LoadProcess, Readiness
from authlab.load.tail import Counts, RecordingTail

__all__ = ["DEFAULT_MIX", "Counts", "LoadPlan", "LoadProcess", "Readiness", "RecordingTail", "Window"]
