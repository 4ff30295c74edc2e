"""The store restarts, with and without persistence: who is logged out, and what is answered meanwhile?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from authlab.experiments.base import Options
from authlab.experiments.faulted import Arm, FaultData, FaultExperiment, FaultStage, fault_stage, repeated
from authlab.experiments.faulty.judging import result_of, share
from authlab.experiments.faulty.store_reads import store_reads
from authlab.experiments.faulty.users import all_users, asked_after, logouts_per_user
from authlab.model.faults import FaultEvent, PlannedFault
from authlab.model.findings import ExperimentResult, Observation, Prediction

_AT_S: Final = 3.0
_AWAY_S: Final = 2.0
_DURATION_S: Final = 13.0
_SETTLED_NS: Final = 300_000_000
"""The first moments of an outage belong to requests that were already under way."""

ANYBODY: Final = "users_logged_out"
REFUSED: Final = "log_outs_while_the_store_was_away"
UNAVAILABLE: Final = "answers_503_while_the_store_was_away"
BACK: Final = "seconds_until_served_again"


class RedisRestart(FaultExperiment):
    """ "If Redis goes down, everybody is logged out"."""

    id = "redis-restart"
    claim = "a restart of the store logs everybody out, unless it keeps an append-only file; meanwhile nobody is"
    summary = "Redis stopped without persistence, killed with an append-only file: log-outs, 503s, recovery"

    def fault_stages(self, options: Options) -> list[FaultStage]:
        """Redis without an append-only file and with one, flushed in two ways, and a mode that has no store."""
        killed = (PlannedFault("kill-redis", _AT_S, _AWAY_S),)
        arms = (
            Arm("none", "none"),
            Arm("redis", "redis", (PlannedFault("stop-redis", _AT_S, _AWAY_S),), probe_store=True),
            Arm("redis-aof", "redis", killed, persistence="everysec", probe_store=True),
            Arm("redis-aof-always", "redis", killed, persistence="always", probe_store=True),
            Arm("jwt", "jwt"),
        )
        return repeated(options, lambda key, seed: fault_stage(options, key, arms, _DURATION_S, seed))

    def predictions(self, options: Options) -> list[Prediction]:
        """All without persistence, none with it, and 503 in between."""
        found = [
            Prediction("redis", ANYBODY, "1 (nothing was written down)", 1.0, 0.05),
            *(Prediction(m, ANYBODY, "0 (the page cache outlives a process)", 0.0, 0.05) for m in _KEEPING),
            Prediction("jwt", ANYBODY, "0", 0.0, 0.05),
            *(Prediction(m, REFUSED, "0 (a store that is away is no log-out)", 0.0, 0.02) for m in _STORED),
            *(Prediction(m, UNAVAILABLE, "1", 1.0, 0.05) for m in _STORED),
            *(Prediction(m, BACK, "0 to 1 s", 0.5, 0.5) for m in _STORED),
        ]
        labels = {arm.label for stage in self.fault_stages(options) for arm in stage.arms}
        return [prediction for prediction in found if prediction.mode in labels]

    def judge_faults(self, predictions: Sequence[Prediction], data: Sequence[FaultData]) -> ExperimentResult:
        """Per user, and per request while the store was away; what reading costs is told besides."""
        return result_of(
            self,
            predictions,
            [
                *(_observed(p.mode, p.quantity, data) for p in predictions),
                *(read for label in _STORED for read in store_reads(label, data)),
            ],
            data,
            "a restart without persistence logs all out, with an append-only file nobody, and meanwhile nobody",
            "the restart of the store did not do what the model says",
        )


EXPERIMENT: Final = RedisRestart()
_KEEPING: Final = ("redis-aof", "redis-aof-always")
_STORED: Final = ("redis", *_KEEPING)


def _observed(label: str, quantity: str, data: Sequence[FaultData]) -> Observation | None:
    hits = of = 0
    moments: list[float] = []
    for stage in data:
        if label not in stage.frames:
            continue
        samples, faults = stage.frames[label].samples, stage.faults[label]
        if quantity == ANYBODY:
            users = asked_after(samples, faults[0]) if faults else all_users(samples)
            counts = logouts_per_user(samples, users).values()
            hits, of = hits + sum(count > 0 for count in counts), of + len(counts)
        elif faults and quantity == BACK:
            moments += _until_served(samples, faults[0])
        elif faults:
            away = _while_away(samples, faults[0])
            wanted = pl.col("outcome") == "auth" if quantity == REFUSED else pl.col("status") == 503
            hits, of = hits + away.filter(wanted).height, of + away.height
    if quantity == BACK:
        return _slowest(label, moments, data)
    return share(label, quantity, hits, of, data)


def _while_away(samples: pl.DataFrame, fault: FaultEvent) -> pl.DataFrame:
    """Requests sent and answered between the fault's first moments and the store's return, log-ins included."""
    until = fault.start_ns + round(_AWAY_S * 1e9)
    return samples.filter((pl.col("sent_ns") > fault.start_ns + _SETTLED_NS) & (pl.col("done_ns") < until))


def _until_served(samples: pl.DataFrame, fault: FaultEvent) -> list[float]:
    """Seconds from the store's return until a request that needs it had an answer from it: right, or a refusal."""
    if fault.end_ns is None:
        return []
    answered = pl.col("outcome").is_in(["ok", "auth"]) & (pl.col("done_ns") > fault.end_ns)
    first = samples.filter(answered)["done_ns"].min()
    return [] if not isinstance(first, int) else [(first - fault.end_ns) / 1e9]


def _slowest(label: str, moments: list[float], data: Sequence[FaultData]) -> Observation | None:
    if not moments:
        return None
    ends = (min(moments), max(moments)) if len(moments) > 1 else None
    note = "the slowest repetition, and the range of all in place of an interval"
    return Observation(label, BACK, max(moments), ends, len(data), len(moments), "s", data[0].stage.workers, note=note)
