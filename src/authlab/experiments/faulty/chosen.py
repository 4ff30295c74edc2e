"""The faults that the user chose, done to the modes that the user chose: `authlab run --mode M --fault F`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final

from authlab.experiments.base import Options
from authlab.experiments.faulted import Arm, FaultData, FaultExperiment, FaultStage, fault_stage, repeated
from authlab.experiments.faulty.judging import result_of, share
from authlab.experiments.faulty.users import all_users, asked_after, ended, logouts_per_user
from authlab.faults.base import fits
from authlab.faults.catalogue import FAULTS
from authlab.faults.spec import spelled
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
        """Every mode with those of the faults that can be done to it.

        Raises one `UsageProblem` with all that is wrong with the faults: a line for each problem.
        """
        arms = [_arm(options.mode(name), options.faults) for name in ("none", *_chosen(options)) if name]
        arms = list({arm.label: arm for arm in arms}.values())
        length_s = options.asked_s or _length_s(options)
        found = [
            *_misfits(options.faults, arms),
            *_strangers(options),
            *(why for fault in options.faults if (why := FAULTS[fault.kind].unprovable(fault))),
            *_nobody_left(options),
            *_too_late(options.faults, length_s),
            *_second_ones(options.faults),
            *_overlaps(options.faults),
        ]
        if found:
            raise UsageProblem("\n".join(dict.fromkeys(found)))
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


def _misfits(faults: Sequence[PlannedFault], arms: Sequence[Arm]) -> Iterator[str]:
    for fault in faults:
        if not any(fault in arm.faults for arm in arms):
            yield (
                f"{fault.kind} can be done to none of {', '.join(arm.label for arm in arms)}: it needs a mode with "
                f"{'a store (redis)' if FAULTS[fault.kind].on == 'store' else 'signed tokens (jwt)'}"
            )


def _strangers(options: Options) -> Iterator[str]:
    workers = [f"worker-{n + 1}" for n in range(options.workers)]
    if strangers := [fault.target for fault in options.faults if fault.target and fault.target not in workers]:
        yield f"there is no {', '.join(dict.fromkeys(strangers))}; there are {', '.join(workers)}"


def _nobody_left(options: Options) -> Iterator[str]:
    """The first of the scalings, one after the other, that would leave no worker."""
    workers = options.workers
    for fault in sorted(options.faults, key=lambda fault: fault.at_s):
        if fault.kind not in _SCALES:
            continue
        before, workers = workers, workers + _SCALES[fault.kind] * int(fault.value or 1)
        if workers < 1:
            yield (
                f"{fault.kind} at {fault.at_s:g} s would leave {workers} of {before} workers; one must stay: "
                "give more --workers, or scale in by less"
            )
            return


def _too_late(faults: Sequence[PlannedFault], length_s: float) -> Iterator[str]:
    if late := [fault for fault in faults if _end_s(fault) > length_s]:
        yield f"{', '.join(f.kind for f in late)} would end after the load of {length_s:g} s: give a longer --for"


def _second_ones(faults: Sequence[PlannedFault]) -> Iterator[str]:
    """Those that a run can't have after each other either."""
    if len(once := [fault.kind for fault in faults if FAULTS[fault.kind].once_a_run]) > 1:
        yield f"{', '.join(once)}: the signing key can be changed only once in a run: give each a run of its own"


def _overlaps(faults: Sequence[PlannedFault]) -> Iterator[str]:
    """Pairs of one kind on the same thing: the end of the first would undo the second."""
    for one, other in combinations(sorted(faults, key=lambda fault: fault.at_s), 2):
        kind = FAULTS[one.kind]
        if one.kind != other.kind or kind.once_a_run or other.at_s > _end_s(one):
            continue
        if kind.on != "worker" or kind.one_at_a_time:
            yield f"{_both(one, other)} and would undo each other: let the second begin after the first is over"
        elif not (one.target and other.target) or one.target == other.target:
            yield (
                f"{_both(one, other)}, may be done to the same worker and would then undo each other: let the second "
                "begin after the first is over, or name a worker for each"
            )


def _both(one: PlannedFault, other: PlannedFault) -> str:
    return f"{spelled(one)} and {spelled(other)} overlap"


def _end_s(fault: PlannedFault) -> float:
    return fault.at_s + (fault.for_s or 0.0)


def _length_s(options: Options) -> float:
    return max(map(_end_s, options.faults)) + _AFTER_S


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
    """Of those who asked when the last fault was over, or of all in an arm that had none."""
    counts: list[int] = []
    for stage in data:
        if label in stage.frames:
            samples, faults = stage.frames[label].samples, stage.faults.get(label, ())
            last = max(faults, key=ended, default=None)
            users = all_users(samples) if last is None else asked_after(samples, last)
            counts += logouts_per_user(samples, users).values()
    return share(label, LOGGED_OUT, sum(count > 0 for count in counts), len(counts), data)
