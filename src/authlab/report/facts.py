"""The head of a report: what was asked, what came out, and the circumstances, in words."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any, Final

from authlab.report.cards import NOT_JUDGED
from authlab.report.figures.checks import checks_title
from authlab.report.figures.differences import differences_title
from authlab.report.figures.failures import failures_title
from authlab.report.figures.stages import stages_title
from authlab.report.report import Report
from authlab.report.setups import Setup
from authlab.report.why import cause
from authlab.report.words import UNKNOWN, coded, duration, number, percent, sentence, size, whole

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


_TOKEN_LIBRARIES: Final = {"pyjwt": "PyJWT", "flask-jwt-extended": "Flask-JWT-Extended"}

_UNSAID: Final = frozenset({"stages"})
"""Plans, in runs of schema 1: they stand elsewhere on the page."""


def headline(report: Report) -> str:
    """The page's title: the claim with its verdict, how many claims stood, or what was recorded.

    What is inconclusive says why.
    """
    cards = report.cards
    if len(cards) == 1:
        because = f", because {cause(cards[0].why)}" if cards[0].why else ""
        return f"{sentence(cards[0].verdict)}{because}: {cards[0].claim}"
    values = [card.verdict for card in cards]
    if values:
        words = ("confirmed", "refuted", NOT_JUDGED, "inconclusive")
        parts = [f"{values.count(word)} {word}" for word in words if word in values]
        why = list(dict.fromkeys(reason for card in cards for reason in card.why))
        because = f", because {cause(why)}" if why else ""
        return f"{len(values)} claims put to the test: {', '.join(parts)}{because}"
    recorded = dict.fromkeys(label for setup in report.setups for label in setup.labels)
    return f"A recording of {', '.join(recorded)}" if recorded else "A run without a trial"


def standfirst(report: Report) -> str:
    """What was found, in two sentences of numbers: refusals, and what each mode costs."""
    if len(report.experiments) > 1 or not report.setups:
        return ""
    experiment, setup = report.experiments[0], report.setups[0]
    if experiment.side_by_side:
        found = [checks_title(experiment)]
    elif len(report.setups) > 1:
        found = [stages_title(experiment)]
    else:
        found = [_unspread(setup)]
        found += [failures_title(setup.refusals)] if setup.refusals else []
        found += [differences_title(setup.ratios)] if setup.ratios else []
    return " ".join(f"{text}." for text in found if text)


def _unspread(setup: Setup) -> str:
    """The modes whose load reached one worker alone, which is why they are compared with nothing."""
    said = [
        f"{coded(label)} is not compared: {worker} of {setup.workers_of(label)} workers gave (almost) all of its "
        "answers"
        for label, worker in setup.on_one_worker.items()
    ]
    return "; ".join(said)


def facts(report: Report) -> list[tuple[str, str]]:
    """The run's size at a glance; what isn't known is left out."""
    run, setups = report.run, report.setups
    workers = sorted({trial.workers for setup in setups for trial in setup.tables.trials if trial.workers})
    arms = sum(len(setup.arms) for setup in setups)
    blocks = min((n for setup in setups for n in setup.blocks.values()), default=None)
    size = "Arms" if arms else "Seconds" if any(setup.pseudo_blocks for setup in setups) else "Blocks"
    rates = {arm.rate_rps for setup in setups if setup.plan for arm in setup.plan.arms}
    rate = rates.pop() if len(rates) == 1 else run.parameters.get("rate_rps")  # an experiment may take a share of it
    found = [
        ("Workers", ", ".join(str(n) for n in workers)),
        ("Users", _plain(run.parameters.get("users"))),
        ("Rate", f"{number(rate)}/s" if isinstance(rate, int | float) else ""),
        (size, whole(arms or blocks) if arms or blocks else ""),
        ("Requests", whole(report.requests) if report.requests else ""),
        ("Took", duration(report.duration_s) if report.duration_s is not None else ""),
        ("Begun", _moment(run.started_at)),
    ]
    return [(term, value) for term, value in found if value]


def circumstances(report: Report) -> list[tuple[str, list[tuple[str, str]]]]:
    """Tables of machine, versions, parameters and the run itself."""
    run = report.run
    about = {
        "status": run.status,
        "stack": run.stack,
        "seed": run.seed,
        "started": run.started_at,
        "finished": run.finished_at or UNKNOWN,
        "failure": run.failure,
    }
    tables: list[tuple[str, Mapping[str, Any]]] = [
        ("Machine", run.machine),
        ("Versions", run.versions),
        ("Length of a token", _tokens(report)),
        ("Parameters", run.parameters),
        ("Run", {name: value for name, value in about.items() if value not in (None, "")}),
    ]
    return [
        (title, [(term_words(key), value_words(key, value)) for key, value in held.items() if key not in _UNSAID])
        for title, held in tables
        if held
    ]


def _tokens(report: Report) -> dict[str, str]:
    """What every ratio about tokens depends on: the library that makes them, and their length in each arm."""
    found = {
        f"mode {trial.mode}": f"{trial.summary['token_bytes']} bytes"
        for trial in report.run.trials
        if isinstance(trial.summary.get("token_bytes"), int)
    }
    libraries = {name: report.run.versions[key] for key, name in _TOKEN_LIBRARIES.items() if key in report.run.versions}
    return {**found, **libraries} if found else {}


def command_line(report: Report) -> str:
    """The command as it could be typed again."""
    return shlex.join(report.run.command) if report.run.command else ""


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
