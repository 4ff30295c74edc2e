"""Everybody is logged out at once, and clients that time out try again: does it ever end by itself?

A log-in that its client has given up is computed to its end all the same. Where attempts come faster than the service
can compute them, each meets a queue that is longer than its patience, and none succeeds: a state that keeps itself
(Bronson et al., Metastable Failures in Distributed Systems, 2021).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from functools import cache
from typing import Final

import polars as pl

from authlab.experiments.base import Options
from authlab.experiments.faulted import Arm, FaultData, FaultExperiment, FaultStage, fault_stage
from authlab.experiments.faulty.judging import result_of, share
from authlab.host.machine import pinning
from authlab.model.faults import FaultEvent, PlannedFault
from authlab.model.findings import ExperimentResult, Observation, Prediction
from authlab.stack.secrets import FULL_COST

_AT_S: Final = 2.0
_STORM_S: Final = 10.0
_CALM_S: Final = 30.0
_USERS: Final = 40
_HIGH: Final = 2.0
"""Attempts in the storm, as a multiple of what can be computed: every arrival of a user who is logged out is
one."""

_LOW: Final = 1 / 3
"""The same afterwards: two thirds are left for what has piled up, about ten seconds' worth."""

_PATIENT_S: Final = 20.0
_IMPATIENT_S: Final = 0.4
_LATE_S: Final = {"storm": 3.0, "calm": 8.0}

LATE_IN_STORM: Final = "requests_served_late_in_the_storm"
AFTER_DROP: Final = "requests_served_after_the_load_dropped"


class StormMetastable(FaultExperiment):
    """ "It will calm down by itself"."""

    id = "storm-metastable"
    claim = "where clients retry faster than log-ins can be computed, service does not come back until the load drops"
    summary = "the store flushed at full scrypt cost: patient clients, and clients that give up after 0.4 s and retry"

    def fault_stages(self, options: Options) -> list[FaultStage]:
        """The same storm with patient and with impatient clients, then a lighter load."""
        capacity_rps = logins_per_second()
        arms = [
            Arm(
                label,
                "redis",
                (PlannedFault("flush-store", _AT_S),),
                relogin="always",
                timeout_s=timeout_s,
                full_cost=True,
                users=_USERS,
                phases=((_AT_S + _STORM_S, _HIGH * capacity_rps), (_CALM_S, _LOW * capacity_rps)),
            )
            for label, timeout_s in (("redis-patient", _PATIENT_S), ("redis-impatient", _IMPATIENT_S))
        ]

        # One after the other: two storms at once would each have half a core.
        return [
            fault_stage(
                options,
                f"r{n + 1}-{arm.label.removeprefix('redis-')}",
                [arm],
                _AT_S + _STORM_S + _CALM_S,
                options.seed + n,
            )
            for n in range(options.repeat)
            for arm in arms
        ]

    def predictions(self, options: Options) -> list[Prediction]:
        """Patience recovers by itself; impatience only when the load drops."""
        if not any(stage.arms for stage in self.fault_stages(options)):
            return []
        return [
            Prediction("redis-patient", LATE_IN_STORM, "1 (all are back)", 1.0, 0.1),
            Prediction("redis-impatient", LATE_IN_STORM, "0 (attempts exceed capacity)", 0.0, 0.1),
            Prediction("redis-impatient", AFTER_DROP, "1 (below capacity)", 1.0, 0.2),
        ]

    def judge_faults(self, predictions: Sequence[Prediction], data: Sequence[FaultData]) -> ExperimentResult:
        """Share of all requests, log-ins among them, that succeeded in the last seconds of storm and of calm."""
        return result_of(
            self,
            predictions,
            [_observed(p.mode, p.quantity, data) for p in predictions],
            data,
            "with impatient clients service comes back only when the load drops, with patient ones by itself",
            "the storm did not end as the model says",
        )


EXPERIMENT: Final = StormMetastable()


@cache
def logins_per_second() -> float:
    """How many log-ins the stack's cores can compute: cores / c, with c the CPU time of one hash at full cost here."""
    _, n, r, p = FULL_COST.split(":")
    took = []
    for _ in range(3):
        since = time.process_time()
        hashlib.scrypt(b"password", salt=b"salt", n=int(n), r=int(r), p=int(p), maxmem=132 * int(n) * int(r))
        took.append(time.process_time() - since)
    return pinning().stack_cores / min(took)


def _observed(label: str, quantity: str, data: Sequence[FaultData]) -> Observation | None:
    hits = of = 0
    mine = [stage for stage in data if label in stage.frames and stage.faults[label]]
    for stage in mine:
        fault: FaultEvent = stage.faults[label][0]
        storm_ends = fault.start_ns + round(_STORM_S * 1e9)
        ends = storm_ends if quantity == LATE_IN_STORM else storm_ends + round(_CALM_S * 1e9)
        late_s = _LATE_S["storm" if quantity == LATE_IN_STORM else "calm"]
        sent = pl.col("sent_ns")
        rows = stage.frames[label].samples.filter((sent > ends - round(late_s * 1e9)) & (sent < ends))
        hits, of = hits + rows.filter(pl.col("outcome") == "ok").height, of + rows.height
    return share(label, quantity, hits, of, mine)
