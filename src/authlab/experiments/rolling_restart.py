"""A deploy restarts every worker, one after the other. Who is logged out, and are requests lost?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from authlab.experiments.counting import Count, everybody, logged_out, mean_count, rows_where, share
from authlab.experiments.evidence import ArmData
from authlab.experiments.expectation import Expectation, also, expect
from authlab.experiments.experiment import StackExperiment
from authlab.experiments.options import Options
from authlab.experiments.planning import FLOOR, loaded, repeated, side_by_side
from authlab.experiments.users import asked_after, logouts_per_user
from authlab.model.faults import PlannedFault
from authlab.model.machine import MachineFacts
from authlab.model.plan import Plan

_DEPLOY: Final = (PlannedFault("rolling-restart", 3.0, value=1.0),)
_DURATION_S: Final = 17.0

PER_USER: Final = "logouts_per_user"
ANYBODY: Final = "users_logged_out"
LOST_READS: Final = "failed_idempotent_requests"
LOST_WRITES: Final = "failed_posts"

_STATELESS: Final = ("redis", "jwt")
_AUTHENTICATING: Final = ("sticky", *_STATELESS)
_MODES: Final = (FLOOR, *_AUTHENTICATING)
_FAILED: Final = pl.col("outcome").is_in(["ok", "auth"]).not_() & (pl.col("reason") != "cancelled")
"""Requests that failed, except those that the end of the load cut off."""


def expected_logouts(workers: int) -> float:
    """Log-outs per user: the sum over all restarts of the share of users that is bound to the worker when it ends.

    A restart sends the worker's users to the other workers, evenly. The k-th worker to end therefore holds
    (1/N)(N/(N-1))^(k-1) of all users.
    """
    if workers < 2:
        return 1.0
    grows = workers / (workers - 1)
    return (workers - 1) / workers * (grows**workers - 1)


class RollingRestart(StackExperiment):
    """ "A deploy logs everybody out"."""

    id = "rolling-restart"
    claim = "a rolling restart logs every user out whose session lies in a worker, some more than once, and nobody else"
    summary = "all workers restarted one after the other: log-outs per user, and requests lost"
    holds = "a deploy logs out those whose sessions lie in workers, as often as the formula says, and nobody else"
    fails = "the deploy had other effects than the model says"

    def plan(self, options: Options, machine: MachineFacts) -> list[Plan]:  # noqa: ARG002
        """The same deploy in four modes."""
        arms = [loaded(options, mode, mode, faults=_DEPLOY, relogin="always") for mode in _MODES]
        return repeated(options, lambda stage, seed: side_by_side(options, stage, arms, _DURATION_S, seed))

    def rows(self, plans: Sequence[Plan]) -> list[Expectation]:
        """The closed form for sticky; no log-outs and no lost requests elsewhere."""
        n = plans[0].arms[0].workers if plans else 0
        anybody, per_user = share(logged_out(everybody)), mean_count(_logouts, "users")
        reads = share(_lost("me", "cart"), "{hits} of {of} GETs")
        writes = share(_lost("add"), "{hits} of {of} POSTs, never sent twice")
        grows = "(N-1)/N ((N/(N-1))^N - 1)"
        return [
            expect("sticky", ANYBODY, 1.0, anybody, formula="1 (all of them)", margin=0.05),
            expect("sticky", PER_USER, expected_logouts(n), per_user, formula=grows, margin=0.35, workers=n),
            *(expect(mode, ANYBODY, 0.0, anybody, margin=0.05) for mode in _STATELESS),
            *(expect(mode, LOST_READS, 0.0, reads, margin=0.002) for mode in (FLOOR, *_STATELESS)),
            *(also(mode, PER_USER, per_user) for mode in _STATELESS),
            also("sticky", LOST_READS, reads),
            *(also(mode, LOST_WRITES, writes) for mode in _MODES),
        ]


EXPERIMENT: Final = RollingRestart()


def _logouts(arm: ArmData) -> list[float]:
    counts = logouts_per_user(arm.samples, asked_after(arm.samples, arm.fault))
    return [float(count) for count in counts.values()]


def _lost(*operations: str) -> Count:
    return rows_where(lambda arm: arm.samples.filter(pl.col("op").is_in(operations)), _FAILED)
