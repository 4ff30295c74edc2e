"""A worker dies, or stands still: who is logged out?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from authlab.experiments.base import Options
from authlab.experiments.faulted import Arm, FaultData, FaultExperiment, FaultStage, fault_stage, repeated
from authlab.experiments.faulty.judging import mean, result_of, share
from authlab.experiments.faulty.users import (
    all_users,
    asked_after,
    asked_between,
    bound_to,
    ended,
    logouts_per_user,
)
from authlab.model.faults import PlannedFault
from authlab.model.findings import ExperimentResult, Observation, Prediction

_AT_S: Final = 4.0
_DURATION_S: Final = 14.0
_READ_TIMEOUT_S: Final = 2.0
_SHORT_S: Final = 1.0
_LONG_S: Final = 5.0
_CRASH: Final = (PlannedFault("crash-worker", _AT_S),)

BOUND: Final = "bound_users_logged_out"
OTHERS: Final = "other_users_logged_out"
ANYBODY: Final = "users_logged_out"
TWICE: Final = "bound_active_users_logged_out_twice"
PER_USER: Final = "logouts_per_bound_active_user"
ASKED: Final = "bound_users_who_asked_logged_out"

_ALL_MARGIN: Final = 0.15
"""With about 30 bound users over two repetitions, 30 of 30 has an interval that begins at 0.88."""

_NONE_MARGIN: Final = 0.05
"""0 of 100 users has an interval that ends at 0.036."""

_TWICE_MARGIN: Final = 0.25
"""With about 30 users: two of them may have asked too seldom to meet both moves."""

_HASHED: Final = ("hash", "ip-hash")
_STATELESS: Final = ("redis", "jwt")


class WorkerCrash(FaultExperiment):
    """ "When a server dies, its sessions die with it"."""

    id = "worker-crash"
    claim = "when a worker dies, the users whose sessions it held are logged out, and nobody else"
    summary = "SIGKILL and SIGSTOP of a worker: who is logged out, and how often, in seven modes"

    def fault_stages(self, options: Options) -> list[FaultStage]:
        """A crash in six modes, and a short and a long pause in one."""
        arms = (
            Arm("none", "none", _CRASH),
            Arm("sticky", "sticky", _CRASH),
            Arm("hash", "hash", _CRASH, relogin="always"),
            Arm("ip-hash", "ip-hash", _CRASH, relogin="always", addresses=True),
            Arm("redis", "redis", _CRASH),
            Arm("jwt", "jwt", _CRASH),
            _pausing("sticky-pause-short", _SHORT_S),
            _pausing("sticky-pause-long", _LONG_S),
        )
        return repeated(options, lambda key, seed: fault_stage(options, key, arms, _DURATION_S, seed))

    def predictions(self, options: Options) -> list[Prediction]:
        """All of the bound, once each under sticky, twice under a hash; nobody where no state lies in a worker."""
        found = [
            Prediction("sticky", BOUND, "1", 1.0, _ALL_MARGIN),
            Prediction("sticky", OTHERS, "0", 0.0, 0.07),
            *(Prediction(m, TWICE, "1 (by fail-over, then by fail-back)", 1.0, _TWICE_MARGIN) for m in _HASHED),
            *(Prediction(m, ANYBODY, "0", 0.0, _NONE_MARGIN) for m in _STATELESS),
            Prediction("sticky-pause-short", ANYBODY, "0 (shorter than the read time-out)", 0.0, _NONE_MARGIN),
            Prediction("sticky-pause-long", ASKED, "1 (longer than the read time-out)", 1.0, _ALL_MARGIN),
        ]
        labels = {arm.label for stage in self.fault_stages(options) for arm in stage.arms}
        return [prediction for prediction in found if prediction.mode in labels]

    def judge_faults(self, predictions: Sequence[Prediction], data: Sequence[FaultData]) -> ExperimentResult:
        """Per user, pooled over the repetitions."""
        observations = [_observed(prediction.mode, prediction.quantity, data) for prediction in predictions]
        observations += [_observed(p.mode, PER_USER, data) for p in predictions if p.quantity == TWICE]
        return result_of(
            self,
            predictions,
            observations,
            data,
            "a crash logs out those whose session lay in the worker, once if sticky, twice if hashed, and nobody else",
            "a crash did not log out those whom the model says",
        )


EXPERIMENT: Final = WorkerCrash()


def _pausing(label: str, seconds: float) -> Arm:
    pause = (PlannedFault("pause-worker", _AT_S, seconds),)
    return Arm(label, "sticky", pause, relogin="always", read_timeout_s=_READ_TIMEOUT_S)


def _observed(label: str, quantity: str, data: Sequence[FaultData]) -> Observation | None:
    hits: list[float] = []
    for stage in data:
        if label not in stage.frames or not stage.faults[label]:
            continue
        samples, fault = stage.frames[label].samples, stage.faults[label][0]
        everybody = all_users(samples)
        bound = bound_to(samples, fault.target, fault.start_ns)
        chosen = {BOUND: bound, OTHERS: everybody - bound, ANYBODY: everybody}.get(quantity, bound)
        chosen &= asked_after(samples, fault)
        if quantity in (TWICE, PER_USER):  # active in both: while the worker was away, and after it was back
            chosen &= asked_between(samples, fault.start_ns, ended(fault))
        if quantity == ASKED:
            gives_up_ns = ended(fault) - round(_READ_TIMEOUT_S * 1e9)
            chosen &= asked_between(samples, fault.start_ns, gives_up_ns)
        counted = logouts_per_user(samples, chosen)
        hits += [float(count) for count in counted.values()]
    if quantity == PER_USER:
        return mean(label, quantity, hits, data, "users")
    if quantity == TWICE:
        return share(label, quantity, hits.count(2.0), len(hits), data)
    return share(label, quantity, sum(count > 0 for count in hits), len(hits), data)
