"""A deploy: every worker is restarted, one after the other. Who is logged out, and is a request lost?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from authlab.experiments.base import Options
from authlab.experiments.faulted import Arm, FaultData, FaultExperiment, FaultStage, fault_stage, repeated
from authlab.experiments.faulty.judging import mean, result_of, share
from authlab.experiments.faulty.users import asked_after, logouts_per_user
from authlab.model.faults import PlannedFault
from authlab.model.findings import ExperimentResult, Observation, Prediction

_DEPLOY: Final = (PlannedFault("rolling-restart", 3.0, value=1.0),)
_DURATION_S: Final = 17.0

PER_USER: Final = "logouts_per_user"
ANYBODY: Final = "users_logged_out"
LOST_READS: Final = "failed_idempotent_requests"
LOST_WRITES: Final = "failed_posts"

_READS: Final = pl.col("op").is_in(["me", "cart"])
_WRITES: Final = pl.col("op") == "add"
_FAILED: Final = pl.col("outcome").is_in(["ok", "auth"]).not_() & (pl.col("reason") != "cancelled")
"""Not what the load's own end cut off."""


def expected_logouts(workers: int) -> float:
    """Log-outs per user: Σ over the restarts of the share that is bound to the worker when it goes.

    A restart sends the users of a worker to the others, evenly: the k-th to go holds (1/N)(N/(N-1))^(k-1) of all.
    """
    if workers < 2:
        return 1.0
    grows = workers / (workers - 1)
    return (workers - 1) / workers * (grows**workers - 1)


class RollingRestart(FaultExperiment):
    """ "A deploy logs everybody out"."""

    id = "rolling-restart"
    claim = "a rolling restart logs every user out whose session lies in a worker, some more than once, and nobody else"
    summary = "all workers restarted one after the other: log-outs per user, and requests lost"

    def fault_stages(self, options: Options) -> list[FaultStage]:
        """The same deploy in four modes."""
        arms = [Arm(mode, mode, _DEPLOY, relogin="always") for mode in ("none", "sticky", "redis", "jwt")]
        return repeated(options, lambda key, seed: fault_stage(options, key, arms, _DURATION_S, seed))

    def predictions(self, options: Options) -> list[Prediction]:
        """The closed form for sticky; nothing lost elsewhere."""
        n = options.workers
        found = [
            Prediction("sticky", ANYBODY, "1 (all of them)", 1.0, 0.05),
            Prediction("sticky", PER_USER, "(N-1)/N ((N/(N-1))^N - 1)", expected_logouts(n), 0.35, n),
            *(Prediction(m, ANYBODY, "0", 0.0, 0.05) for m in ("redis", "jwt")),
            *(Prediction(m, LOST_READS, "0", 0.0, 0.002) for m in ("none", "redis", "jwt")),
        ]
        labels = {arm.label for stage in self.fault_stages(options) for arm in stage.arms}
        return [prediction for prediction in found if prediction.mode in labels]

    def judge_faults(self, predictions: Sequence[Prediction], data: Sequence[FaultData]) -> ExperimentResult:
        """Per user and per request, pooled over the repetitions."""
        seen: list[Observation | None] = []
        for label in dict.fromkeys(label for stage in data for label in stage.frames):
            counts: list[int] = []
            reads, writes = [0, 0], [0, 0]
            for stage in data:
                if label in stage.frames:
                    samples = stage.frames[label].samples
                    for deploy in stage.faults[label]:
                        counts += logouts_per_user(samples, asked_after(samples, deploy)).values()
                    for tally, which in ((reads, _READS), (writes, _WRITES)):
                        tally[0] += samples.filter(which & _FAILED).height
                        tally[1] += samples.filter(which).height
            if label != "none":
                seen.append(share(label, ANYBODY, sum(c > 0 for c in counts), len(counts), data))
                seen.append(mean(label, PER_USER, [float(c) for c in counts], data, "users"))
            seen.append(share(label, LOST_READS, reads[0], reads[1], data, f"{reads[0]} of {reads[1]} GETs"))
            seen.append(
                share(
                    label,
                    LOST_WRITES,
                    writes[0],
                    writes[1],
                    data,
                    f"{writes[0]} of {writes[1]} POSTs, never sent twice",
                )
            )
        return result_of(
            self,
            predictions,
            seen,
            data,
            "a deploy logs out those whose sessions lie in workers, as often as the formula says, and nobody else",
            "a deploy did not do what the model says",
        )


EXPERIMENT: Final = RollingRestart()
