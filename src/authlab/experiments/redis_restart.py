"""The store restarts, with and without persistence: who is logged out, and what are the answers meanwhile?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from authlab.experiments.counting import everybody, logged_out, repetitions, rows_where, share
from authlab.experiments.evidence import ArmData, Evidence
from authlab.experiments.expectation import Expectation, Measured, also, expect
from authlab.experiments.experiment import StackExperiment
from authlab.experiments.options import Options
from authlab.experiments.planning import loaded, repeated, side_by_side
from authlab.experiments.store_reads import READ, WRITTEN, read_us, written_bytes
from authlab.model.faults import FaultEvent, PlannedFault
from authlab.model.machine import MachineFacts
from authlab.model.plan import Plan

_AT_S: Final = 3.0
_AWAY_S: Final = 2.0
_DURATION_S: Final = 13.0
_SETTLED_NS: Final = 300_000_000
"""Time left out at the start of an outage, when requests may already be on their way."""

ANYBODY: Final = "users_logged_out"
REFUSED: Final = "log_outs_while_the_store_was_away"
UNAVAILABLE: Final = "answers_503_while_the_store_was_away"
BACK: Final = "seconds_until_served_again"

_KEEPING: Final = ("redis-aof", "redis-aof-always")
_STORED: Final = ("redis", *_KEEPING)


class RedisRestart(StackExperiment):
    """ "If Redis goes down, everybody is logged out"."""

    id = "redis-restart"
    claim = "a restart of the store logs everybody out, unless it keeps an append-only file; meanwhile nobody is"
    summary = "Redis stopped without persistence, killed with an append-only file: log-outs, 503s, recovery"
    holds = "a restart logs everybody out without persistence, and nobody with an append-only file or during the outage"
    fails = "the restart of the store had other effects than the model says"

    def plan(self, options: Options, machine: MachineFacts) -> list[Plan]:  # noqa: ARG002
        """Redis without an append-only file, with one flushed in two ways, and a mode that has no store."""
        stopped = (PlannedFault("stop-redis", _AT_S, _AWAY_S),)
        killed = (PlannedFault("kill-redis", _AT_S, _AWAY_S),)
        arms = (
            loaded(options, "none", "none"),
            loaded(options, "redis", "redis", faults=stopped, probe_store=True),
            loaded(options, "redis-aof", "redis", faults=killed, persistence="everysec", probe_store=True),
            loaded(options, "redis-aof-always", "redis", faults=killed, persistence="always", probe_store=True),
            loaded(options, "jwt", "jwt"),
        )
        return repeated(options, lambda stage, seed: side_by_side(options, stage, arms, _DURATION_S, seed))

    def rows(self, plans: Sequence[Plan]) -> list[Expectation]:  # noqa: ARG002
        """All users are logged out without persistence and none with it, and 503 is answered during the outage.

        The cost of reading a session is observed as well.
        """
        anybody = share(logged_out(everybody))
        refused = share(rows_where(_while_away, pl.col("outcome") == "auth"))
        unavailable = share(rows_where(_while_away, pl.col("status") == 503))
        lost, kept = "1 (nothing was written down)", "0 (the page cache outlives a process)"
        no_logout = "0 (a store that is away is no log-out)"
        return [
            expect("redis", ANYBODY, 1.0, anybody, formula=lost, margin=0.05),
            *(expect(arm, ANYBODY, 0.0, anybody, formula=kept, margin=0.05) for arm in _KEEPING),
            expect("jwt", ANYBODY, 0.0, anybody, margin=0.05),
            *(expect(arm, REFUSED, 0.0, refused, formula=no_logout) for arm in _STORED),
            *(expect(arm, UNAVAILABLE, 1.0, unavailable, margin=0.05) for arm in _STORED),
            *(expect(arm, BACK, 0.5, _slowest_return, formula="0 to 1 s", margin=0.5) for arm in _STORED),
            *(also(arm, READ, read_us) for arm in _STORED),
            *(also(arm, WRITTEN, written_bytes) for arm in _STORED),
        ]


EXPERIMENT: Final = RedisRestart()


def _while_away(arm: ArmData) -> pl.DataFrame:
    """Requests sent and answered during the outage, except its first moments. Log-ins are included."""
    until_ns = arm.fault.start_ns + round(_AWAY_S * 1e9)
    began = pl.col("sent_ns") > arm.fault.start_ns + _SETTLED_NS
    return arm.samples.filter(began & (pl.col("done_ns") < until_ns))


def _until_served(samples: pl.DataFrame, fault: FaultEvent) -> list[float]:
    """Seconds from the store's return to the first answer, success or refusal, of a request that needs the store."""
    if fault.end_ns is None:
        return []
    answered = pl.col("outcome").is_in(["ok", "auth"]) & (pl.col("done_ns") > fault.end_ns)
    first = samples.filter(answered)["done_ns"].min()
    return [] if not isinstance(first, int) else [(first - fault.end_ns) / 1e9]


def _slowest_return(evidence: Evidence, label: str) -> Measured | None:
    moments = [at for arm in repetitions(evidence, label) for at in _until_served(arm.samples, arm.fault)]
    if not moments:
        return None
    ends = (min(moments), max(moments)) if len(moments) > 1 else None
    note = "the slowest repetition, with the range of all repetitions in place of an interval"
    return Measured(max(moments), ends, len(evidence.of(label)), len(moments), "s", note)
