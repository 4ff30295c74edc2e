"""A worker dies or hangs: who is logged out?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from authlab.experiments.counting import everybody, logged_out, mean_count, share
from authlab.experiments.evidence import ArmData
from authlab.experiments.expectation import Expectation, also, expect
from authlab.experiments.experiment import StackExperiment
from authlab.experiments.options import Options
from authlab.experiments.planning import loaded, repeated, side_by_side
from authlab.experiments.users import all_users, asked_after, asked_between, bound_to, ended, logouts_per_user
from authlab.model.faults import PlannedFault
from authlab.model.machine import MachineFacts
from authlab.model.plan import Arm, Plan

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
"""For about 30 users: two of them may send too few requests to notice both moves."""

_HASHED: Final = ("hash", "ip-hash")
_STATELESS: Final = ("redis", "jwt")


class WorkerCrash(StackExperiment):
    """ "When a server dies, its sessions die with it"."""

    id = "worker-crash"
    claim = "when a worker dies, the users whose sessions it held are logged out, and nobody else"
    summary = "SIGKILL and SIGSTOP of a worker: who is logged out, and how often, in six modes"
    holds = "a crash logs out users with their session in the worker (once if sticky, twice if hashed), and nobody else"
    fails = "a crash did not log out the users whom the model predicts"

    def plan(self, options: Options, machine: MachineFacts) -> list[Plan]:  # noqa: ARG002
        """A crash in six modes, and a short and a long pause in one mode."""
        arms = (
            *(loaded(options, mode, mode, faults=_CRASH) for mode in ("none", "sticky")),
            loaded(options, "hash", "hash", faults=_CRASH, relogin="always"),
            loaded(options, "ip-hash", "ip-hash", faults=_CRASH, relogin="always"),
            *(loaded(options, mode, mode, faults=_CRASH) for mode in _STATELESS),
            _pausing(options, "sticky-pause-short", _SHORT_S),
            _pausing(options, "sticky-pause-long", _LONG_S),
        )
        return repeated(options, lambda stage, seed: side_by_side(options, stage, arms, _DURATION_S, seed))

    def rows(self, plans: Sequence[Plan]) -> list[Expectation]:  # noqa: ARG002
        """Bound users are logged out once under sticky and twice under a hash.

        Nobody is logged out if no state lies in a worker.
        """
        by_moves = "1 (by fail-over, then by fail-back)"
        return [
            expect("sticky", BOUND, 1.0, share(logged_out(_bound)), margin=_ALL_MARGIN),
            expect("sticky", OTHERS, 0.0, share(logged_out(_others)), margin=0.07),
            *(expect(m, TWICE, 1.0, share(_twice), formula=by_moves, margin=_TWICE_MARGIN) for m in _HASHED),
            *(expect(m, ANYBODY, 0.0, share(logged_out(everybody)), margin=_NONE_MARGIN) for m in _STATELESS),
            expect(
                "sticky-pause-short",
                ANYBODY,
                0.0,
                share(logged_out(everybody)),
                formula="0 (shorter than the read time-out)",
                margin=_NONE_MARGIN,
            ),
            expect(
                "sticky-pause-long",
                ASKED,
                1.0,
                share(logged_out(_bound_who_asked)),
                formula="1 (longer than the read time-out)",
                margin=_ALL_MARGIN,
            ),
            *(also(m, PER_USER, mean_count(_logouts_of_active, "users")) for m in _HASHED),
        ]


EXPERIMENT: Final = WorkerCrash()


def _pausing(options: Options, label: str, seconds: float) -> Arm:
    pause = (PlannedFault("pause-worker", _AT_S, seconds),)
    return loaded(options, label, "sticky", faults=pause, relogin="always", read_timeout_s=_READ_TIMEOUT_S)


def _held_there(arm: ArmData) -> set[int]:
    """The users whose session was in the worker when the fault began."""
    return bound_to(arm.samples, arm.fault.target, arm.fault.start_ns)


def _bound(arm: ArmData) -> set[int]:
    return _held_there(arm) & asked_after(arm.samples, arm.fault)


def _others(arm: ArmData) -> set[int]:
    return (all_users(arm.samples) - _held_there(arm)) & asked_after(arm.samples, arm.fault)


def _bound_active(arm: ArmData) -> set[int]:
    """The bound users who sent a request while the worker was down, and another after it was back."""
    return _bound(arm) & asked_between(arm.samples, arm.fault.start_ns, ended(arm.fault))


def _bound_who_asked(arm: ArmData) -> set[int]:
    """The bound users who sent a request early enough for the proxy to give up while the worker was paused."""
    gives_up_ns = ended(arm.fault) - round(_READ_TIMEOUT_S * 1e9)
    return _bound(arm) & asked_between(arm.samples, arm.fault.start_ns, gives_up_ns)


def _logouts_of_active(arm: ArmData) -> list[float]:
    return [float(count) for count in logouts_per_user(arm.samples, _bound_active(arm)).values()]


def _twice(arm: ArmData) -> tuple[int, int]:
    counts = _logouts_of_active(arm)
    return counts.count(2.0), len(counts)
