"""What a report says in words of fault experiments: their findings, their method and their limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from authlab.report.charts.harm import checks_title
from authlab.report.words import count

Experiment = dict[str, Any]


def is_faulted(experiment: Experiment) -> bool:
    """Whether faults were done to the trials of an experiment."""
    return any("history" in setup for setup in experiment["setups"])


def faulted(experiments: Sequence[Experiment]) -> list[Experiment]:
    """The fault experiments among them."""
    return [experiment for experiment in experiments if is_faulted(experiment)]


def finding(experiment: Experiment) -> str:
    """What the history checkers came to, in one line; empty where nothing was checked."""
    return checks_title(experiment)


def method_points(experiments: Sequence[Experiment]) -> list[dict[str, str]]:
    """How faults were done and histories were read."""
    # Arms of one experiment may stand one after the other, as in storm-metastable: what counts is one arm's own times.
    repeats = max(max(Counter(arm["label"] for arm in _arms(e)).values(), default=1) for e in experiments)
    again = f" The whole was done {count(repeats, 'time')}, each with a seed of its own." if repeats > 1 else ""
    return [
        {
            "term": "Arms side by side",
            "text": "The arms of a fault stage stand at the same time, each with a stack, users, load and faults of "
            f"its own, on one schedule and with one seed.{again}",
        },
        {
            "term": "Faults",
            "text": "Each fault has a proof that it took effect, measured and not assumed; without one nothing follows "
            "from the trial. It ends when its cause was gone, as far as that was seen.",
        },
        {
            "term": "Histories",
            "text": "Every request of an arm is kept, log-ins and time-outs too, and checkers read the whole history: "
            "no log-out that nobody asked for, no use after log-out, no mixed identities, no lost update, "
            "availability. A request without an answer may have happened or not, and proves neither. What is predicted "
            "of users is counted in users, not in requests, pooled over the repetitions.",
        },
    ]


def _arms(experiment: Experiment) -> list[dict[str, Any]]:
    """An experiment's arms, each as often as it stood."""
    return [arm for setup in experiment["setups"] if "history" in setup for arm in setup["history"]["arms"]]


def limits(experiments: Sequence[Experiment]) -> list[str]:
    """What a fault experiment can't tell."""
    arms = [arm for experiment in experiments for arm in _arms(experiment)]
    unproven = [arm["label"] for arm in arms for fault in arm["faults"] if not fault["proof"]]
    unchecked = list(dict.fromkeys(arm["label"] for arm in arms if not arm["checks"]))
    found = []
    if unproven:
        names = ", ".join(f"`{label}`" for label in dict.fromkeys(unproven))
        found.append(f"Nothing proves that {count(len(unproven), 'fault')} of {names} took effect.")
    if unchecked:
        found.append(f"No history was checked of {', '.join(f'`{label}`' for label in unchecked)}.")
    found += [
        "Each fault came at one moment of one load. At another moment, under another load or for another length, other "
        "users would have been hit.",
        "The load of an arm is one window: its seconds stand in for blocks in the charts, and what they show around a "
        "fault is no steady state. Shares of requests depend on how long the fault lasted in the whole.",
    ]
    return found
