"""How restless the machine was while something was measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Conditions:
    """What happened beside the measurement, while it ran. None where the system can't tell.

    `foreign_share`: CPU time that programs other than ours used, and `stolen_share`: CPU time that the machine's host
    took away, as shares of all cores that the run may use. `foreign_name`: the program that used most of it, if
    one did.
    `clock_step_s`: by how much the wall clock was set forward (or, negative, back). `suspended_s`: for how long the
    machine slept.
    """

    foreign_share: float | None = None
    foreign_name: str | None = None
    stolen_share: float | None = None
    clock_step_s: float | None = None
    suspended_s: float | None = None
