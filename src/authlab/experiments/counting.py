"""Measures of users and requests, pooled over the repetitions of an arm. Most rows of fault experiments use them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from authlab.experiments.evidence import ArmData, Evidence
from authlab.experiments.expectation import Measure, Measured
from authlab.experiments.users import all_users, asked_after, logouts_per_user
from authlab.stats.users import mean_of_counts, mean_of_users, share_of_users

Count = Callable[[ArmData], tuple[int, int]]
"""Counts in one repetition of an arm: (how many were hit, out of how many)."""

Users = Callable[[ArmData], set[int]]
"""Chooses some of the users of one repetition of an arm."""


def repetitions(evidence: Evidence, label: str) -> list[ArmData]:
    """The arm's repetitions in which at least one of its faults happened; all of them if it has no faults."""
    return [arm for arm in evidence.of(label) if arm.faults or not arm.arm.faults]


def share(count: Count, note: str = "") -> Measure:
    """A pooled share with its exact interval; None if nothing was counted. `note` may hold {hits} and {of}."""

    def measure(evidence: Evidence, label: str) -> Measured | None:
        counts = [count(arm) for arm in repetitions(evidence, label)]
        hits, of = sum(hit for hit, _ in counts), sum(out_of for _, out_of in counts)
        if of == 0:
            return None
        interval = share_of_users(hits, of)
        return Measured(hits / of, interval, len(evidence.of(label)), of, "share", note.format(hits=hits, of=of))

    return measure


def mean_count(values: Callable[[ArmData], Sequence[float]], unit: str) -> Measure:
    """The mean of the counts of all repetitions; None if there are fewer than two counts."""

    def measure(evidence: Evidence, label: str) -> Measured | None:
        counts = [value for arm in repetitions(evidence, label) for value in values(arm)]
        interval = mean_of_counts(counts)
        if interval is None:
            return None
        return Measured(sum(counts) / len(counts), interval, len(evidence.of(label)), len(counts), unit)

    return measure


def mean_of_repetitions(values: Sequence[float], repeats: int, unit: str, note: str = "") -> Measured | None:
    """The mean of one value per repetition with Student's interval; one value has no interval and decides nothing."""
    if not values:
        return None
    return Measured(sum(values) / len(values), mean_of_users(values), repeats, len(values), unit, note)


def logged_out(users: Users) -> Count:
    """How many of `users` were logged out at least once."""

    def count(arm: ArmData) -> tuple[int, int]:
        counts = logouts_per_user(arm.samples, users(arm)).values()
        return sum(number > 0 for number in counts), len(counts)

    return count


def rows_where(chosen: Callable[[ArmData], pl.DataFrame], hit: pl.Expr) -> Count:
    """How many of the chosen requests meet `hit`."""

    def count(arm: ArmData) -> tuple[int, int]:
        rows = chosen(arm)
        return rows.filter(hit).height, rows.height

    return count


def everybody(arm: ArmData) -> set[int]:
    """The users who sent a request after the arm's first fault was over; all users if it has no fault."""
    return asked_after(arm.samples, arm.fault) if arm.faults else all_users(arm.samples)
