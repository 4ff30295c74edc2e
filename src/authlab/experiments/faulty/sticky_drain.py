"""A deploy that waits for its users: nginx's `drain` before the worker is restarted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from authlab.experiments.base import Options
from authlab.experiments.faulted import Arm, FaultData, FaultExperiment, FaultStage, fault_stage, repeated
from authlab.experiments.faulty.judging import result_of, share
from authlab.experiments.faulty.users import asked_after, asked_between, bound_to, logouts
from authlab.model.faults import PlannedFault
from authlab.model.findings import ExperimentResult, Observation, Prediction

_AT_S: Final = 2.0
_SHORT_S: Final = 5.0
_LONG_S: Final = 12.0
_SESSION_S: Final = 8
_DURATION_S: Final = 18.0

BOUND: Final = "bound_users_logged_out"
MEANWHILE: Final = "bound_users_logged_out_during_the_drain"


class StickyDrain(FaultExperiment):
    """ "Must a deploy log everyone out?"."""

    id = "sticky-drain"
    claim = "with a drain a deploy logs out only those whose sessions are still alive when the drain ends"
    summary = "a worker restarted at once, after a short drain, and after one longer than its sessions live"

    def fault_stages(self, options: Options) -> list[FaultStage]:
        """No drain, one that is shorter than the sessions live, and one that is longer."""
        arms = (
            Arm("sticky-no-drain", "sticky", (PlannedFault("stop-worker", _AT_S + _SHORT_S, 1.0),)),
            Arm("sticky-drain-short", "sticky", (PlannedFault("drain-worker", _AT_S, _SHORT_S),)),
            Arm(
                "sticky-drain-long",
                "sticky",
                (PlannedFault("drain-worker", _AT_S, _LONG_S),),
                settings={"AUTHLAB_SESSION_ABSOLUTE_S": str(_SESSION_S)},
                relogin="never",
            ),
        )
        return repeated(options, lambda key, seed: fault_stage(options, key, arms, _DURATION_S, seed))

    def predictions(self, options: Options) -> list[Prediction]:
        """All of them without a drain or at the end of a short one; none meanwhile, none after a long one."""
        if not self.fault_stages(options)[0].arms:
            return []
        return [
            Prediction("sticky-no-drain", BOUND, "1", 1.0, 0.15),
            Prediction("sticky-drain-short", MEANWHILE, "0", 0.0, 0.15),
            Prediction("sticky-drain-short", BOUND, "1 (all are alive when it ends)", 1.0, 0.15),
            Prediction("sticky-drain-long", BOUND, "0 (none is alive when it ends)", 0.0, 0.15),
        ]

    def judge_faults(self, predictions: Sequence[Prediction], data: Sequence[FaultData]) -> ExperimentResult:
        """Of the users bound to the worker when the fault began."""
        return result_of(
            self,
            predictions,
            [_observed(p.mode, p.quantity, data) for p in predictions],
            data,
            "a drain keeps bound users until it ends, and logs out only those whose sessions are then alive",
            "a drain did not do what the model says",
        )


EXPERIMENT: Final = StickyDrain()


def _observed(label: str, quantity: str, data: Sequence[FaultData]) -> Observation | None:
    hits = users = 0
    for stage in data:
        if label not in stage.frames or not stage.faults[label]:
            continue
        samples, fault = stage.frames[label].samples, stage.faults[label][0]
        until = fault.start_ns + round(_SHORT_S * 1e9) if quantity == MEANWHILE else 2**62
        asked = asked_between(samples, fault.start_ns, until) if quantity == MEANWHILE else asked_after(samples, fault)
        bound = bound_to(samples, fault.target, fault.start_ns) & asked
        refused = {row["user"] for row in logouts(samples).iter_rows(named=True) if row["at_ns"] < until}
        hits += len(bound & refused)
        users += len(bound)
    return share(label, quantity, hits, users, data)
