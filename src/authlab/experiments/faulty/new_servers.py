"""A worker goes, a worker comes: whose session is not where the next request lands?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from authlab.experiments.base import Options
from authlab.experiments.faulted import Arm, FaultData, FaultExperiment, FaultStage, fault_stage, repeated
from authlab.experiments.faulty.judging import result_of, share
from authlab.experiments.faulty.users import asked_between, ended, logouts
from authlab.model.faults import PlannedFault
from authlab.model.findings import ExperimentResult, Observation, Prediction

_IN_S: Final = 3.0
_OUT_S: Final = 11.0
_DURATION_S: Final = 19.0
_BETWEEN_S: Final = 6.0
"""Time for everybody to ask, also where the first change takes long: seven stacks of containers need ten seconds."""

_USERS: Final = 120
_CHANGES: Final = (PlannedFault("scale-in", _IN_S, value=1.0), PlannedFault("scale-out", _OUT_S, value=1.0))

BY_FEWER: Final = "users_logged_out_by_scale_in"
BY_MORE: Final = "users_logged_out_by_scale_out"
NEWCOMER: Final = "old_users_at_the_new_worker"

_MODULO: Final = ("hash", "ip-hash")
_STATELESS: Final = ("redis", "jwt")


class NewServersLackState(FaultExperiment):
    """ "New servers have no access to session memory"."""

    id = "new-servers-lack-state"
    claim = "new servers have no access to session memory"
    summary = "one worker fewer, one more, under load: who is logged out in six ways of routing"

    def fault_stages(self, options: Options) -> list[FaultStage]:
        """From N workers to N-1 and back, in every way of routing."""
        modes = ("none", "sticky", "hash", "consistent-hash", "ip-hash", "redis", "jwt")
        arms = [
            Arm(
                mode,
                mode,
                _CHANGES,
                in_turn_s=_BETWEEN_S,
                relogin="always",
                addresses=mode == "ip-hash",
                users=_USERS,
            )
            for mode in modes
        ]
        return repeated(options, lambda key, seed: fault_stage(options, key, arms, _DURATION_S, seed))

    def predictions(self, options: Options) -> list[Prediction]:
        """By the arithmetic of each way of routing."""
        n = options.workers
        moved = (n - 1) / n
        found = [
            Prediction("sticky", BY_FEWER, "1/N (those bound to it)", 1 / n, 0.13, n),
            Prediction("sticky", BY_MORE, "0", 0.0, 0.05, n),
            Prediction("sticky", NEWCOMER, "0 (only clients without a cookie get there)", 0.0, 0.05, n),
            *(Prediction(m, BY_FEWER, "(N-1)/N (h mod N against h mod N-1)", moved, 0.13, n) for m in _MODULO),
            *(Prediction(m, BY_MORE, "(N-1)/N (h mod N-1 against h mod N)", moved, 0.13, n) for m in _MODULO),
            Prediction("consistent-hash", BY_FEWER, "1/N, give or take the ring's unevenness", 1 / n, 0.15, n),
            Prediction("consistent-hash", BY_MORE, "1/N, give or take the ring's unevenness", 1 / n, 0.15, n),
            *(Prediction(m, q, "0", 0.0, 0.05, n) for m in _STATELESS for q in (BY_FEWER, BY_MORE)),
        ]
        labels = {arm.label for stage in self.fault_stages(options) for arm in stage.arms}
        return [prediction for prediction in found if prediction.mode in labels]

    def judge_faults(self, predictions: Sequence[Prediction], data: Sequence[FaultData]) -> ExperimentResult:
        """Of all users of an arm, within the time after each change."""
        return result_of(
            self,
            predictions,
            [_observed(p.mode, p.quantity, data) for p in predictions],
            data,
            "who is logged out by one worker fewer or more is what the arithmetic of each way of routing says",
            "who was logged out is not what the arithmetic says",
        )


EXPERIMENT: Final = NewServersLackState()


def _observed(label: str, quantity: str, data: Sequence[FaultData]) -> Observation | None:
    hits = users = 0
    for stage in data:
        if label not in stage.frames or len(stage.faults[label]) < len(_CHANGES):
            continue
        samples, (fewer, more) = stage.frames[label].samples, stage.faults[label]
        change, until = (fewer, more.start_ns) if quantity == BY_FEWER else (more, 2**62)
        everybody = asked_between(samples, ended(change), until)
        users += len(everybody)
        if quantity == NEWCOMER:
            new = f"worker-{stage.stage.workers}"  # scale-in took the last one away, scale-out brought it back
            after = samples.filter((samples["sent_ns"] > more.start_ns) & (samples["worker"] == new))
            hits += len(everybody & set(after["user"].to_list()))
            continue
        gone = logouts(samples)
        gone = gone.filter((gone["at_ns"] >= change.start_ns) & (gone["at_ns"] < until))
        hits += len(everybody & set(gone["user"].to_list()))
    return share(label, quantity, hits, users, data)
