"""The head of a report: what was asked, what came out, and the circumstances, in words."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any, Final

from authlab.report.charts.differences import differences_title
from authlab.report.charts.failures import failures_title, workers_title
from authlab.report.faulted import finding, is_faulted
from authlab.report.words import UNKNOWN, duration, number, percent, sentence, size, whole

_KNOWN: Final = {
    "cpu": "Processor",
    "cores": "Cores",
    "memory_bytes": "Memory",
    "os": "System",
    "python": "Python",
    "kernel": "Kernel",
    "pinning": "Pinned to cores",
    "load_average_before": "Load average before",
    "rate_rps": "Rate, requests/s",
    "slice_s": "Slice, s",
    "warmup_s": "Warm-up of a slice, s",
    "gap_s": "Gap between slices, s",
    "mix": "Mix of requests",
    "system": "Kernel",
    "distribution": "Distribution",
    "virtual": "Virtual machine",
    "budget_s": "Time asked for, s",
    "seed": "Seed",
}


_UNSAID: Final = frozenset({"stages"})
"""Told elsewhere on the page."""


def headline(report: dict[str, Any]) -> str:
    """The page's title: the claim with its verdict, how many claims stood, or what was recorded."""
    claims = [e for e in report["experiments"] if e["claim"]]
    values = [e["verdict"]["value"] if e["verdict"] else "not judged" for e in claims]
    if len(claims) == 1:
        return f"{sentence(values[0])}: {sentence(claims[0]['claim'])}"
    if claims:
        parts = [
            f"{values.count(value)} {value}"
            for value in ("confirmed", "refuted", "inconclusive", "not judged")
            if value in values
        ]
        return f"{len(claims)} claims put to the test: {', '.join(parts)}"
    recorded = dict.fromkeys(label for e in report["experiments"] for s in e["setups"] for label in s["labels"])
    return f"A recording of {', '.join(recorded)}" if recorded else "A run without a trial"


def standfirst(report: dict[str, Any]) -> str:
    """What was found, in two sentences of numbers: refusals, and what each mode costs."""
    setups = [setup for experiment in report["experiments"] for setup in experiment["setups"]]
    if len(report["experiments"]) > 1 or not setups:
        return ""
    if is_faulted(report["experiments"][0]):
        said = finding(report["experiments"][0])
        return f"{said}." if said else ""
    if len(setups) > 1:
        return f"{workers_title(setups)}."
    setup = setups[0]
    found = [failures_title(setup["failures"])] if setup["failures"] else []
    found += [differences_title(setup["differences"])] if setup["differences"] else []
    return " ".join(f"{text}." for text in found)


def facts(report: dict[str, Any]) -> list[tuple[str, str]]:
    """The run's size at a glance; what isn't known is left out."""
    parameters, run = report["parameters"], report["run"]
    setups = [setup for experiment in report["experiments"] for setup in experiment["setups"]]
    workers = sorted({setup["workers"] for setup in setups if setup["workers"]})
    arms = sum(len(setup["history"]["arms"]) for setup in setups if "history" in setup)
    blocks = min((n for setup in setups for n in setup["blocks"].values()), default=None)
    size = "Arms" if arms else "Seconds" if any(setup["pseudo_blocks"] for setup in setups) else "Blocks"
    rate = parameters.get("rate_rps")
    found = [
        ("Workers", ", ".join(str(n) for n in workers)),
        ("Users", _plain(parameters.get("users"))),
        ("Rate", f"{number(rate)}/s" if isinstance(rate, int | float) else ""),
        (size, whole(arms or blocks) if arms or blocks else ""),
        ("Requests", whole(report["totals"]["requests"]) if report["totals"]["requests"] else ""),
        ("Took", duration(run["duration_s"]) if run["duration_s"] is not None else ""),
        ("Begun", _moment(run["started_at"])),
    ]
    return [(term, value) for term, value in found if value]


def circumstances(report: dict[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Tables of machine, versions, parameters and the run itself."""
    run = report["run"]
    about = {
        "status": run["status"],
        "stack": run["stack"],
        "seed": run["seed"],
        "started": run["started_at"],
        "finished": run["finished_at"] or UNKNOWN,
        "failure": run["failure"],
    }
    tables = [
        ("Machine", report["machine"]),
        ("Versions", report["versions"]),
        ("Parameters", report["parameters"]),
        ("Run", {name: value for name, value in about.items() if value not in (None, "")}),
    ]
    return [
        (title, [(term_words(key), value_words(key, value)) for key, value in held.items() if key not in _UNSAID])
        for title, held in tables
        if held
    ]


def command_line(report: dict[str, Any]) -> str:
    """The command as it could be typed again."""
    return shlex.join(report["run"]["command"]) if report["run"]["command"] else ""


def term_words(name: str) -> str:
    """A key of run.json in words."""
    return _KNOWN.get(name) or sentence(name.replace("_", " "))


def value_words(name: str, value: Any) -> str:
    """A value of run.json in words; `name` is its key."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name.endswith("_bytes") and isinstance(value, int):
        return size(value)
    if name == "mix" and isinstance(value, Mapping):
        return ", ".join(f"{key} {percent(part)}" for key, part in value.items())
    if isinstance(value, Mapping):
        return "; ".join(f"{key} {value_words('', part)}" for key, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(value_words("", part) for part in value)
    return _plain(value)


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)


def _moment(stamp: str) -> str:
    """2026-11-24T06:00:00Z as 2026-11-24 06:00 UTC; anything else as it is."""
    if len(stamp) >= 16 and stamp[10] == "T":
        return f"{stamp[:10]} {stamp[11:16]}{' UTC' if stamp.endswith(('Z', '+00:00')) else ''}"
    return stamp
