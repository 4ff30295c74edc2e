"""The faults that the user chose, done to the modes that the user chose: `authlab run --mode M --fault F`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from authlab.experiments.base import Options
from authlab.experiments.faulted import Arm, FaultData, FaultExperiment, FaultStage, fault_stage, repeated
from authlab.experiments.faulty.judging import result_of, share
from authlab.experiments.faulty.users import all_users, logouts_per_user
from authlab.faults.base import fits
from authlab.faults.catalogue import FAULTS
from authlab.model.errors import UsageProblem
from authlab.model.faults import PlannedFault
from authlab.model.findings import ExperimentResult, Observation, Prediction
from authlab.model.modes import Mode

LOGGED_OUT: Final = "users_logged_out"
_MODES: Final = ("none", "sticky", "redis", "jwt")
_AFTER_S: Final = 8.0
"""How long the load goes on after the last fault's planned end, unless the user says otherwise."""

_NONE_MARGIN: Final = 0.05
_SCALES: Final = {"scale-out": 1, "scale-in": -1}


class ChosenFaults(FaultExperiment):
    """What a mode's traits promise must hold whatever is done to it."""

    id = "chosen-faults"
    claim = "a mode keeps its users logged in through what its traits say it survives"
    summary = "the faults named by --fault, done to the modes named by --mode"

    def fault_stages(self, options: Options) -> list[FaultStage]:
        """Every mode with those of the faults that can be done to it. Raises `UsageProblem` for one that fits none."""
        arms = [_arm(options.mode(name), options.faults) for name in ("none", *_chosen(options)) if name]
        arms = list({arm.label: arm for arm in arms}.values())
        for fault in options.faults:
            if not any(fault in arm.faults for arm in arms):
                raise UsageProblem(
                    f"{fault.kind} can be done to none of {', '.join(arm.label for arm in arms)}: it needs a mode with "
                    f"{'a store (redis)' if FAULTS[fault.kind].on == 'store' else 'signed tokens (jwt)'}"
                )
        workers = [f"worker-{n + 1}" for n in range(options.workers)]
        if strangers := [fault.target for fault in options.faults if fault.target and fault.target not in workers]:
            raise UsageProblem(f"there is no {', '.join(dict.fromkeys(strangers))}; there are {', '.join(workers)}")
        _check_some_stay(options)
        length_s = options.asked_s or _length_s(options)
        late = [fault for fault in options.faults if fault.at_s + (fault.for_s or 0.0) > length_s]
        if late:
            raise UsageProblem(
                f"{', '.join(f.kind for f in late)} would end after the load of {length_s:g} s: give a longer --for"
            )
        return repeated(options, lambda key, seed: fault_stage(options, key, arms, length_s, seed))

    def predictions(self, options: Options) -> list[Prediction]:
        """Nobody is logged out where the traits promise it; elsewhere nothing is predicted, only observed."""
        return [
            Prediction(arm.label, LOGGED_OUT, "0 (by its traits)", 0.0, _NONE_MARGIN)
            for arm in self.fault_stages(options)[0].arms
            if arm.mode != "none" and _promised(options.mode(arm.mode), arm.faults)
        ]

    def judge_faults(self, predictions: Sequence[Prediction], data: Sequence[FaultData]) -> ExperimentResult:
        """Per user, pooled over the repetitions."""
        labels = dict.fromkeys(label for stage in data for label in stage.frames if label != "none")
        return result_of(
            self,
            predictions,
            [_observed(label, data) for label in labels],
            data,
            "nobody was logged out whom the traits of the modes promise to keep",
            "users were logged out whom the traits of the modes promise to keep",
        )


EXPERIMENT: Final = ChosenFaults()


def _chosen(options: Options) -> tuple[str, ...]:
    return options.modes or _MODES


def _arm(mode: Mode, faults: Sequence[PlannedFault]) -> Arm:
    fitting = tuple(fault for fault in faults if fits(FAULTS[fault.kind], mode))
    linked = mode.needs_store and any(FAULTS[fault.kind].needs_link for fault in fitting)
    return Arm(mode.name, mode.name, fitting, linked=linked, addresses=mode.routing == "ip-hash")


def _check_some_stay(options: Options) -> None:
    """Raise `UsageProblem` where the scalings, one after the other, would leave no worker."""
    workers = options.workers
    for fault in sorted(options.faults, key=lambda fault: fault.at_s):
        if fault.kind not in _SCALES:
            continue
        before, workers = workers, workers + _SCALES[fault.kind] * int(fault.value or 1)
        if workers < 1:
            raise UsageProblem(
                f"{fault.kind} at {fault.at_s:g} s would leave {workers} of {before} workers; one must stay: "
                "give more --workers, or scale in by less"
            )


def _length_s(options: Options) -> float:
    return max(fault.at_s + (fault.for_s or 0.0) for fault in options.faults) + _AFTER_S


def _promised(mode: Mode, faults: Sequence[PlannedFault]) -> bool:
    if not mode.traits.any_worker_serves:
        return False  # it loses its users without any fault
    keeps = {
        "nothing": True,
        "workers": mode.traits.survives_worker_loss,
        "store": mode.traits.survives_store_loss,
        "tokens": not mode.signs_tokens,
    }
    return all(keeps[FAULTS[fault.kind].loses] for fault in faults)


def _observed(label: str, data: Sequence[FaultData]) -> Observation | None:
    counts: list[int] = []
    for stage in data:
        if label in stage.frames:
            samples = stage.frames[label].samples
            counts += logouts_per_user(samples, all_users(samples)).values()
    return share(label, LOGGED_OUT, sum(count > 0 for count in counts), len(counts), data)
