"""Everybody is logged out at once, and clients that time out try again: does the storm ever end by itself?

The service computes a log-in to its end even if the client has given up. If attempts come faster than the service can
compute them, each waits in a queue that is longer than its time-out, and none succeeds. Such a state sustains itself
(Bronson et al., Metastable Failures in Distributed Systems, 2021).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from authlab.experiments.counting import Count, rows_where, share
from authlab.experiments.evidence import ArmData
from authlab.experiments.expectation import Expectation, expect
from authlab.experiments.experiment import StackExperiment
from authlab.experiments.options import Options
from authlab.experiments.planning import loaded, side_by_side
from authlab.model.faults import PlannedFault
from authlab.model.machine import MachineFacts
from authlab.model.plan import Plan

_AT_S: Final = 2.0
_STORM_S: Final = 10.0
_CALM_S: Final = 30.0
_USERS: Final = 40
_HIGH: Final = 2.0
"""Attempts in the storm, as a multiple of the service's capacity. Every arrival of a logged-out user is an
attempt."""

_LOW: Final = 1 / 3
"""The same multiple after the storm. The remaining two thirds of the capacity serve the backlog of about ten
seconds."""

_PATIENT_S: Final = 20.0
_IMPATIENT_S: Final = 0.4
_LATE_STORM_S: Final = 3.0
_LATE_CALM_S: Final = 8.0
_PATIENT: Final = "redis-patient"
_IMPATIENT: Final = "redis-impatient"

LATE_IN_STORM: Final = "requests_served_late_in_the_storm"
AFTER_DROP: Final = "requests_served_after_the_load_dropped"


class StormMetastable(StackExperiment):
    """ "It will calm down by itself"."""

    id = "storm-metastable"
    claim = "where clients retry faster than log-ins can be computed, service does not come back until the load drops"
    summary = "the store is flushed, passwords cost full scrypt: patient clients, and clients that retry after 0.4 s"
    holds = "with impatient clients service comes back only when the load drops, with patient clients by itself"
    fails = "the storm did not end as the model says"

    def plan(self, options: Options, machine: MachineFacts) -> list[Plan]:
        """The same storm with patient and with impatient clients, then a lighter load."""
        capacity_rps = machine.stack_cores / machine.hash_cpu_s
        arms = [
            loaded(
                options,
                label,
                "redis",
                faults=(PlannedFault("flush-store", _AT_S),),
                relogin="always",
                timeout_s=timeout_s,
                full_cost=True,
                users=_USERS,
                phases=((_AT_S + _STORM_S, _HIGH * capacity_rps), (_CALM_S, _LOW * capacity_rps)),
            )
            for label, timeout_s in ((_PATIENT, _PATIENT_S), (_IMPATIENT, _IMPATIENT_S))
        ]
        # One after the other: two storms at the same time would each get half a core.
        made = (
            side_by_side(
                options,
                f"r{n + 1}-{arm.label.removeprefix('redis-')}",
                [arm],
                _AT_S + _STORM_S + _CALM_S,
                options.seed + n,
            )
            for n in range(options.repeat)
            for arm in arms
        )
        return [plan for plan in made if plan is not None]

    def rows(self, plans: Sequence[Plan]) -> list[Expectation]:  # noqa: ARG002
        """The service recovers by itself with patient clients, and only when the load drops with impatient ones."""
        late_in_storm, after_drop = (
            share(_served(_STORM_S, _LATE_STORM_S)),
            share(_served(_STORM_S + _CALM_S, _LATE_CALM_S)),
        )
        exceed = "0 (attempts exceed capacity)"
        return [
            expect(_PATIENT, LATE_IN_STORM, 1.0, late_in_storm, formula="1 (all are back)", margin=0.1),
            expect(_IMPATIENT, LATE_IN_STORM, 0.0, late_in_storm, formula=exceed, margin=0.1),
            expect(_IMPATIENT, AFTER_DROP, 1.0, after_drop, formula="1 (below capacity)", margin=0.2),
        ]


EXPERIMENT: Final = StormMetastable()


def _served(end_s: float, last_s: float) -> Count:
    """How many requests succeeded, log-ins included, in the `last_s` that end `end_s` after the flush."""

    def rows(arm: ArmData) -> pl.DataFrame:
        ends = arm.fault.start_ns + round(end_s * 1e9)
        sent = pl.col("sent_ns")
        return arm.samples.filter((sent > ends - round(last_s * 1e9)) & (sent < ends))

    return rows_where(rows, pl.col("outcome") == "ok")
