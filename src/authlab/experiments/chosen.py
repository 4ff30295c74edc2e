"""The faults that the user chose, injected into the modes that the user chose: `authlab run --mode M --fault F`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final

from authlab.experiments.counting import logged_out, share
from authlab.experiments.evidence import ArmData
from authlab.experiments.expectation import Expectation, also, expect
from authlab.experiments.experiment import StackExperiment
from authlab.experiments.options import Options
from authlab.experiments.planning import FLOOR, loaded, repeated, side_by_side
from authlab.experiments.users import all_users, asked_after, ended
from authlab.faults.base import fits
from authlab.faults.catalogue import FAULTS
from authlab.faults.spec import spelled
from authlab.model.errors import UsageProblem
from authlab.model.faults import PlannedFault
from authlab.model.machine import MachineFacts
from authlab.model.modes import MODES, Mode
from authlab.model.plan import Arm, Plan

LOGGED_OUT: Final = "users_logged_out"
_MODES: Final = ("sticky", "redis", "jwt")
_AFTER_S: Final = 8.0
"""How long the load goes on after the last fault's planned end, unless the user gives another length."""

_NONE_MARGIN: Final = 0.05
_SCALES: Final = {"scale-out": 1, "scale-in": -1}


class ChosenFaults(StackExperiment):
    """The promises of a mode's traits must hold under every fault."""

    id = "chosen-faults"
    claim = "a mode keeps its users logged in through what its traits say it survives"
    summary = "the faults named by --fault, injected into the modes named by --mode"
    holds = "no user was logged out whom the modes' traits promise to keep logged in"
    fails = "users were logged out whom the modes' traits promise to keep logged in"

    def plan(self, options: Options, machine: MachineFacts) -> list[Plan]:  # noqa: ARG002
        """Every mode, with those of the faults that fit it.

        Raises one `UsageProblem` that has a line for each problem with the faults.
        """
        modes = options.modes or tuple(MODES[name] for name in _MODES)
        arms = [_arm(options, mode) for mode in dict.fromkeys((MODES[FLOOR], *modes))]
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
        return repeated(options, lambda stage, seed: side_by_side(options, stage, arms, length_s, seed))

    def rows(self, plans: Sequence[Plan]) -> list[Expectation]:
        """No user is logged out where the traits promise it. The other modes are observed without a prediction."""
        measure = share(logged_out(_who_could_notice))
        arms = [arm for arm in plans[0].arms if arm.mode.name != FLOOR] if plans else []
        return [
            expect(arm.label, LOGGED_OUT, 0.0, measure, formula="0 (by its traits)", margin=_NONE_MARGIN)
            if _promised(arm.mode, arm.faults)
            else also(arm.label, LOGGED_OUT, measure)
            for arm in arms
        ]


EXPERIMENT: Final = ChosenFaults()


def _arm(options: Options, mode: Mode) -> Arm:
    fitting = tuple(fault for fault in options.faults if fits(FAULTS[fault.kind], mode))
    linked = mode.needs_store and any(FAULTS[fault.kind].needs_link for fault in fitting)
    return loaded(options, mode.name, mode, faults=fitting, linked=linked)


def _who_could_notice(arm: ArmData) -> set[int]:
    """The users who sent a request after the last fault was over; all users of an arm without faults."""
    last = max(arm.faults, key=ended, default=None)
    return all_users(arm.samples) if last is None else asked_after(arm.samples, last)


def _misfits(faults: Sequence[PlannedFault], arms: Sequence[Arm]) -> Iterator[str]:
    for fault in faults:
        if not any(fault in arm.faults for arm in arms):
            needs = "a store (redis)" if FAULTS[fault.kind].on == "store" else "signed tokens (jwt)"
            chosen = ", ".join(f"`{arm.label}`" for arm in arms)
            yield f"{fault.kind} needs a mode with {needs}; chosen: {chosen}"


def _strangers(options: Options) -> Iterator[str]:
    workers = [f"worker-{n + 1}" for n in range(options.workers)]
    if strangers := [fault.target for fault in options.faults if fault.target and fault.target not in workers]:
        yield f"there is no {', '.join(dict.fromkeys(strangers))}; there are {', '.join(workers)}"


def _nobody_left(options: Options) -> Iterator[str]:
    """The first of the scaling faults, in order of time, that would leave no worker."""
    workers = options.workers
    for fault in sorted(options.faults, key=lambda fault: fault.at_s):
        if fault.kind not in _SCALES:
            continue
        before, workers = workers, workers + _SCALES[fault.kind] * int(fault.value or 1)
        if workers < 1:
            yield (
                f"{fault.kind} at {fault.at_s:g} s would leave {workers} of {before} workers; one must stay: "
                "give more --workers, or remove fewer"
            )
            return


def _too_late(faults: Sequence[PlannedFault], length_s: float) -> Iterator[str]:
    if late := [fault for fault in faults if _end_s(fault) > length_s]:
        yield f"{', '.join(f.kind for f in late)} would end after the load of {length_s:g} s: give a longer --for"


def _second_ones(faults: Sequence[PlannedFault]) -> Iterator[str]:
    """Faults that a run can have only once, even one after the other."""
    if len(once := [fault.kind for fault in faults if FAULTS[fault.kind].once_a_run]) > 1:
        yield f"{', '.join(once)}: the signing key can be changed only once in a run: give each a run of its own"


def _overlaps(faults: Sequence[PlannedFault]) -> Iterator[str]:
    """Pairs of overlapping faults of one kind on one target: the end of the first would undo the second."""
    for one, other in combinations(sorted(faults, key=lambda fault: fault.at_s), 2):
        kind = FAULTS[one.kind]
        if one.kind != other.kind or kind.once_a_run or other.at_s > _end_s(one):
            continue
        if kind.on != "worker" or kind.one_at_a_time:
            yield f"{_both(one, other)} and would undo each other: start the second after the first is over"
        elif not (one.target and other.target) or one.target == other.target:
            yield (
                f"{_both(one, other)}, may hit the same worker and would then undo each other: start the second "
                "after the first is over, or name a worker for each"
            )


def _both(one: PlannedFault, other: PlannedFault) -> str:
    return f"{spelled(one)} and {spelled(other)} overlap"


def _end_s(fault: PlannedFault) -> float:
    return fault.at_s + (fault.for_s or 0.0)


def _length_s(options: Options) -> float:
    return max(map(_end_s, options.faults)) + _AFTER_S


def _promised(mode: Mode, faults: Sequence[PlannedFault]) -> bool:
    if not mode.traits.any_worker_serves:
        return False  # it refuses users even without a fault
    keeps = {
        "nothing": True,
        "workers": mode.traits.survives_worker_loss,
        "store": mode.traits.survives_store_loss,
        "tokens": not mode.signs_tokens,
    }
    return all(keeps[FAULTS[fault.kind].loses] for fault in faults)
