"""A deploy that waits for its users: nginx's `drain` before the worker is restarted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from authlab.experiments.counting import share
from authlab.experiments.evidence import ArmData
from authlab.experiments.expectation import Expectation, expect
from authlab.experiments.experiment import StackExperiment
from authlab.experiments.options import Options
from authlab.experiments.planning import loaded, repeated, side_by_side
from authlab.experiments.users import asked_after, asked_between, bound_to, logouts
from authlab.model.faults import PlannedFault
from authlab.model.machine import MachineFacts
from authlab.model.plan import Plan

_AT_S: Final = 2.0
_SHORT_S: Final = 5.0
_LONG_S: Final = 12.0
_SESSION_S: Final = 8
_DURATION_S: Final = 18.0
_MARGIN: Final = 0.15

BOUND: Final = "bound_users_logged_out"
MEANWHILE: Final = "bound_users_logged_out_during_the_drain"


class StickyDrain(StackExperiment):
    """ "Must a deploy log everyone out?"."""

    id = "sticky-drain"
    claim = "with a drain a deploy logs out only those whose sessions are still alive when the drain ends"
    summary = "a worker restarted at once, after a short drain, and after one longer than its sessions live"
    holds = "a drain keeps bound users logged in, and its end logs out only those whose sessions are still alive"
    fails = "the drain had other effects than the model says"

    def plan(self, options: Options, machine: MachineFacts) -> list[Plan]:  # noqa: ARG002
        """No drain, a drain shorter than a session's life, and a longer one."""
        no_drain = (PlannedFault("stop-worker", _AT_S + _SHORT_S, 1.0),)
        arms = (
            loaded(options, "sticky-no-drain", "sticky", faults=no_drain),
            loaded(options, "sticky-drain-short", "sticky", faults=(PlannedFault("drain-worker", _AT_S, _SHORT_S),)),
            loaded(
                options,
                "sticky-drain-long",
                "sticky",
                faults=(PlannedFault("drain-worker", _AT_S, _LONG_S),),
                settings={"AUTHLAB_SESSION_ABSOLUTE_S": str(_SESSION_S)},
                relogin="never",
            ),
        )
        return repeated(options, lambda stage, seed: side_by_side(options, stage, arms, _DURATION_S, seed))

    def rows(self, plans: Sequence[Plan]) -> list[Expectation]:  # noqa: ARG002
        """All bound users are logged out without a drain or at the end of a short one.

        None is logged out during a drain or after a long one.
        """
        alive, dead = "1 (all are alive when it ends)", "0 (none is alive when it ends)"
        return [
            expect("sticky-no-drain", BOUND, 1.0, share(_after), margin=_MARGIN),
            expect("sticky-drain-short", MEANWHILE, 0.0, share(_meanwhile), margin=_MARGIN),
            expect("sticky-drain-short", BOUND, 1.0, share(_after), formula=alive, margin=_MARGIN),
            expect("sticky-drain-long", BOUND, 0.0, share(_after), formula=dead, margin=_MARGIN),
        ]


EXPERIMENT: Final = StickyDrain()


def _after(arm: ArmData) -> tuple[int, int]:
    return _refused(arm, asked_after(arm.samples, arm.fault), 2**62)


def _meanwhile(arm: ArmData) -> tuple[int, int]:
    until_ns = arm.fault.start_ns + round(_SHORT_S * 1e9)
    return _refused(arm, asked_between(arm.samples, arm.fault.start_ns, until_ns), until_ns)


def _refused(arm: ArmData, asked: set[int], until_ns: int) -> tuple[int, int]:
    """Of the `asked` users who were bound to the worker when the fault began: how many were refused by `until_ns`."""
    bound = bound_to(arm.samples, arm.fault.target, arm.fault.start_ns) & asked
    refused = {row["user"] for row in logouts(arm.samples).iter_rows(named=True) if row["at_ns"] < until_ns}
    return len(bound & refused), len(bound)
