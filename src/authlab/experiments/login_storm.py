"""Everybody is logged out at once: how long does it take until all users are logged in again?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from authlab.experiments.counting import mean_of_repetitions, repetitions
from authlab.experiments.evidence import Evidence
from authlab.experiments.expectation import Expectation, Measured, also, expect
from authlab.experiments.experiment import StackExperiment
from authlab.experiments.options import Options
from authlab.experiments.planning import loaded, repeated, side_by_side
from authlab.model.faults import FaultEvent, PlannedFault
from authlab.model.machine import MachineFacts
from authlab.model.plan import Plan

_AT_S: Final = 3.0
_DURATION_S: Final = 20.0
_CLIENT_GIVES_UP_S: Final = 30.0
_STORMS: Final = 3
"""Each repetition gives one number. At the same spread, Student's interval of two is 3.6 times as wide as of three."""

RATIO: Final = "recovery_to_formula"
RECOVERY: Final = "seconds_until_everybody_is_back"


class LoginStorm(StackExperiment):
    """ "Everyone is logged out at once"."""

    id = "login-storm"
    claim = "after a mass log-out the service is busy hashing passwords for U·c/(cores·(1-ρ)) seconds"
    summary = "the store is flushed, passwords cost full scrypt: time until everybody is logged in again"
    holds = "the time until everybody is logged in again agrees with the formula"
    fails = "the time until everybody is logged in again differs from the formula"

    def plan(self, options: Options, machine: MachineFacts) -> list[Plan]:  # noqa: ARG002
        """One flush of the store, with passwords at full hashing cost."""
        arms = [
            loaded(
                options,
                "redis",
                "redis",
                faults=(PlannedFault("flush-store", _AT_S),),
                relogin="always",
                timeout_s=_CLIENT_GIVES_UP_S,
                full_cost=True,
            )
        ]
        return repeated(
            options,
            lambda stage, seed: side_by_side(options, stage, arms, _DURATION_S, seed, timed=True),
            _STORMS,
        )

    def rows(self, plans: Sequence[Plan]) -> list[Expectation]:  # noqa: ARG002
        """The ratio of the measured time to the formula. Its c comes from the first log-ins, before other load."""
        formula = "1, where the formula is max(last user's return, U·c/(cores·(1-ρ)))"
        return [
            expect("redis", RATIO, 1.0, _ratio, formula=formula, margin=0.35),
            also("redis", RECOVERY, _seconds),
        ]


EXPERIMENT: Final = LoginStorm()


def _storms(evidence: Evidence, label: str) -> list[tuple[float, float]]:
    """`storm` of each repetition. Raises `ValueError` if the number of the stack's cores is unknown."""
    if evidence.machine is None:
        raise ValueError("the run does not say how many cores the stack had")
    cores = evidence.machine.stack_cores
    found = [storm(arm.samples, arm.fault, cores) for arm in repetitions(evidence, label)]
    return [one for one in found if one is not None]


def _ratio(evidence: Evidence, label: str) -> Measured | None:
    storms = _storms(evidence, label)
    note = "; ".join(f"{took_s:.2f} s, the formula gives {expected_s:.2f} s" for took_s, expected_s in storms)
    ratios = [took_s / expected_s for took_s, expected_s in storms]
    return mean_of_repetitions(ratios, len(evidence.of(label)), "ratio", note)


def _seconds(evidence: Evidence, label: str) -> Measured | None:
    times = [took_s for took_s, _ in _storms(evidence, label)]
    return mean_of_repetitions(times, len(evidence.of(label)), "s")


def storm(samples: pl.DataFrame, fault: FaultEvent, cores: int) -> tuple[float, float] | None:
    """(seconds until the last log-in after the fault, seconds that the formula gives); None if there was no storm.

    U·c/cores is how long all first log-ins took together, while there was no other load. ρ is the share of the `cores`
    that requests before the fault kept busy: their rate times their median service time, divided by the number of
    cores. The service time stands in for the CPU time of a request.
    """
    logins = samples.filter((pl.col("op") == "login") & (pl.col("outcome") == "ok"))
    first = logins.filter(pl.col("window") < 0)
    again = logins.filter(pl.col("done_ns") > fault.start_ns)
    before = samples.filter((pl.col("window") >= 0) & (pl.col("sent_ns") < fault.start_ns) & (pl.col("op") != "login"))
    returns = samples.filter((pl.col("due_ns") > fault.start_ns) & (pl.col("op") != "login"))
    if first.is_empty() or again.is_empty() or before.is_empty() or returns.is_empty():
        return None
    hashing_s = _span_s(first, "sent_ns", "done_ns") * again["user"].n_unique() / first["user"].n_unique()
    rate = before.height / _span_s(before, "sent_ns", "done_ns")
    busy = min(0.9, rate * float(np.median(before["service_ms"].to_numpy())) / 1e3 / cores)
    last_return_s = (_last_of_firsts(returns, "due_ns") - fault.start_ns) / 1e9
    took_s = (_last_of_firsts(again, "done_ns") - fault.start_ns) / 1e9
    return took_s, max(last_return_s, hashing_s / (1 - busy))


def _last_of_firsts(rows: pl.DataFrame, column: str) -> int:
    """The latest of the users' earliest moments in `column`."""
    return int(rows.group_by("user").agg(pl.col(column).min())[column].to_numpy().max())


def _span_s(rows: pl.DataFrame, start: str, end: str) -> float:
    return float(rows[end].to_numpy().max() - rows[start].to_numpy().min()) / 1e9
