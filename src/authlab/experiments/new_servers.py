"""One worker is removed and added again: which users' next request reaches a worker without their session?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from authlab.experiments.counting import share
from authlab.experiments.evidence import ArmData
from authlab.experiments.expectation import Expectation, expect
from authlab.experiments.experiment import StackExperiment
from authlab.experiments.options import Options
from authlab.experiments.planning import loaded, repeated, side_by_side
from authlab.experiments.users import asked_between, ended, logouts
from authlab.model.faults import FaultEvent, PlannedFault
from authlab.model.machine import MachineFacts
from authlab.model.plan import Plan

_IN_S: Final = 3.0
_OUT_S: Final = 11.0
_DURATION_S: Final = 19.0
_BETWEEN_S: Final = 6.0
"""Time for every user to send a request. The first change may take long: seven stacks of containers need ten
seconds."""

_USERS: Final = 120
_CHANGES: Final = (PlannedFault("scale-in", _IN_S, value=1.0), PlannedFault("scale-out", _OUT_S, value=1.0))

BY_FEWER: Final = "users_logged_out_by_scale_in"
BY_MORE: Final = "users_logged_out_by_scale_out"
NEWCOMER: Final = "old_users_at_the_new_worker"

_MODES: Final = ("none", "sticky", "hash", "consistent-hash", "ip-hash", "redis", "jwt")
_MODULO: Final = ("hash", "ip-hash")
_STATELESS: Final = ("redis", "jwt")


class NewServersLackState(StackExperiment):
    """ "New servers have no access to session memory"."""

    id = "new-servers-lack-state"
    claim = "new servers have no access to session memory"
    summary = "one worker fewer, then one more, under load: which users are logged out in six ways of routing"
    holds = "one worker fewer or more logs out the users whom the arithmetic of each way of routing predicts"
    fails = "the users who were logged out are not those whom the arithmetic predicts"

    def plan(self, options: Options, machine: MachineFacts) -> list[Plan]:  # noqa: ARG002
        """From N workers to N-1 and back, in every way of routing."""
        arms = [
            loaded(
                options,
                mode,
                mode,
                faults=_CHANGES,
                in_turn_s=_BETWEEN_S,
                relogin="always",
                users=_USERS,
            )
            for mode in _MODES
        ]
        return repeated(options, lambda stage, seed: side_by_side(options, stage, arms, _DURATION_S, seed))

    def rows(self, plans: Sequence[Plan]) -> list[Expectation]:
        """The arithmetic of each way of routing."""
        n = plans[0].arms[0].workers if plans else 1
        fewer, more, newcomer = share(_by_fewer), share(_by_more), share(_at_newcomer)

        def row(mode: str, by_more: bool, value: float, formula: str, margin: float) -> Expectation:
            quantity, measure = (BY_MORE, more) if by_more else (BY_FEWER, fewer)
            return expect(mode, quantity, value, measure, formula=formula, margin=margin, workers=n)

        moved, ring = (n - 1) / n, "1/N, give or take the ring's unevenness"
        nobody = "0 (only clients without a cookie get there)"
        return [
            row("sticky", False, 1 / n, "1/N (those bound to it)", 0.13),
            row("sticky", True, 0.0, "0", 0.05),
            expect("sticky", NEWCOMER, 0.0, newcomer, formula=nobody, margin=0.05, workers=n),
            *(row(mode, False, moved, "(N-1)/N (h mod N against h mod N-1)", 0.13) for mode in _MODULO),
            *(row(mode, True, moved, "(N-1)/N (h mod N-1 against h mod N)", 0.13) for mode in _MODULO),
            row("consistent-hash", False, 1 / n, ring, 0.15),
            row("consistent-hash", True, 1 / n, ring, 0.15),
            *(row(mode, by_more, 0.0, "0", 0.05) for mode in _STATELESS for by_more in (False, True)),
        ]


EXPERIMENT: Final = NewServersLackState()


def _changes(arm: ArmData) -> tuple[FaultEvent, FaultEvent] | None:
    """Scale-in and scale-out; None unless both happened."""
    return (arm.faults[0], arm.faults[1]) if len(arm.faults) >= len(_CHANGES) else None


def _logged_out_by(change: FaultEvent, until_ns: int, arm: ArmData) -> tuple[int, int]:
    """Of the users who sent a request after `change`: how many were logged out between its start and `until_ns`."""
    asked = asked_between(arm.samples, ended(change), until_ns)
    gone = logouts(arm.samples)
    gone = gone.filter((gone["at_ns"] >= change.start_ns) & (gone["at_ns"] < until_ns))
    return len(asked & set(gone["user"].to_list())), len(asked)


def _by_fewer(arm: ArmData) -> tuple[int, int]:
    changes = _changes(arm)
    return _logged_out_by(changes[0], changes[1].start_ns, arm) if changes else (0, 0)


def _by_more(arm: ArmData) -> tuple[int, int]:
    changes = _changes(arm)
    return _logged_out_by(changes[1], 2**62, arm) if changes else (0, 0)


def _at_newcomer(arm: ArmData) -> tuple[int, int]:
    """Of the users who sent a request after the scale-out: how many reached the worker that it added."""
    changes = _changes(arm)
    if changes is None:
        return 0, 0
    asked = asked_between(arm.samples, ended(changes[1]), 2**62)
    new = f"worker-{arm.arm.workers}"  # scale-in removed the last one, scale-out added it again
    after = arm.samples.filter((arm.samples["sent_ns"] > changes[1].start_ns) & (arm.samples["worker"] == new))
    return len(asked & set(after["user"].to_list())), len(asked)
