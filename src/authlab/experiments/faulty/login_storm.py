"""Everybody is logged out at once and comes back: how long until all are in again?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from authlab.experiments.base import Options
from authlab.experiments.faulted import Arm, FaultData, FaultExperiment, FaultStage, fault_stage, repeated
from authlab.experiments.faulty.judging import result_of
from authlab.host.machine import pinning
from authlab.model.faults import FaultEvent, PlannedFault
from authlab.model.findings import ExperimentResult, Observation, Prediction
from authlab.stats.users import mean_of_users

_AT_S: Final = 3.0
_DURATION_S: Final = 20.0
_CLIENT_GIVES_UP_S: Final = 30.0
_STORMS: Final = 3
"""Each gives one number; at the same spread Student's interval of two is 3.6 times as wide as that of three."""

RATIO: Final = "recovery_to_formula"
RECOVERY: Final = "seconds_until_everybody_is_back"


class LoginStorm(FaultExperiment):
    """ "Everyone is logged out at once"."""

    id = "login-storm"
    claim = "after a mass log-out the service is busy hashing passwords for U·c/(cores·(1-ρ)) seconds"
    summary = "the store flushed, passwords at full scrypt cost: time until everybody is back"

    def fault_stages(self, options: Options) -> list[FaultStage]:
        """One flush, at full hashing cost."""
        arms = [
            Arm(
                "redis",
                "redis",
                (PlannedFault("flush-store", _AT_S),),
                relogin="always",
                timeout_s=_CLIENT_GIVES_UP_S,
                full_cost=True,
            )
        ]
        return repeated(
            options, lambda key, seed: fault_stage(options, key, arms, _DURATION_S, seed, timed=True), _STORMS
        )

    def predictions(self, options: Options) -> list[Prediction]:
        """The ratio of what is seen to the formula, whose c is that of the first log-ins, when nothing else ran."""
        if not any(arm.mode == "redis" for arm in self.fault_stages(options)[0].arms):
            return []
        formula = "1, where the formula is max(last user's return, U·c/(cores·(1-ρ)))"
        return [Prediction("redis", RATIO, formula, 1.0, 0.35)]

    def judge_faults(self, predictions: Sequence[Prediction], data: Sequence[FaultData]) -> ExperimentResult:
        """Each repetition is one storm."""
        ratios: list[float] = []
        seconds: list[float] = []
        notes: list[str] = []
        for stage in data:
            if "redis" in stage.frames and stage.faults["redis"]:
                found = storm(stage.frames["redis"].samples, stage.faults["redis"][0], pinning().stack_cores)
                if found is not None:
                    took_s, expected_s = found
                    ratios.append(took_s / expected_s)
                    seconds.append(took_s)
                    notes.append(f"{took_s:.2f} s, the formula gives {expected_s:.2f} s")
        seen = [
            _mean(RATIO, ratios, "ratio", "; ".join(notes), data),
            _mean(RECOVERY, seconds, "s", "", data),
        ]
        return result_of(
            self,
            predictions,
            seen,
            data,
            "the time until everybody is back is that of the formula",
            "the time until everybody is back is not that of the formula",
        )


EXPERIMENT: Final = LoginStorm()


def storm(samples: pl.DataFrame, fault: FaultEvent, cores: int) -> tuple[float, float] | None:
    """(seconds until the last log-in after the fault, seconds that the formula gives); None where there was no storm.

    U·c/cores is how long the first log-ins of all took together, when nothing else was to do. ρ is the share of
    the `cores` that requests before the fault kept busy: their rate times their median service time, which stands in
    for the CPU time that each took, over the cores.
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
    """The latest of the users' first moments."""
    return int(rows.group_by("user").agg(pl.col(column).min())[column].to_numpy().max())


def _span_s(rows: pl.DataFrame, start: str, end: str) -> float:
    return float(rows[end].to_numpy().max() - rows[start].to_numpy().min()) / 1e9


def _mean(
    quantity: str, values: Sequence[float], unit: str, note: str, data: Sequence[FaultData]
) -> Observation | None:
    """The mean over the storms with Student's interval; one alone has none, and decides nothing."""
    if not values:
        return None
    average, interval = sum(values) / len(values), mean_of_users(values)
    workers = data[0].stage.workers
    return Observation("redis", quantity, average, interval, len(data), len(values), unit, workers, note=note)
