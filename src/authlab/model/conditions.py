"""How noisy the machine was during a measurement."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Conditions:
    """What else happened on the machine during the measurement. None for what the system does not report.

    `foreign_share` is the CPU time of programs other than ours, and `stolen_share` is the CPU time that the machine's
    host took away. Both are shares of all cores that the run may use. `foreign_name` is the program that used most of
    the foreign time, if one did. `clock_step_s` is by how much the wall clock was set forward (or, negative, back).
    `suspended_s` is how long the machine slept.
    """

    foreign_share: float | None = None
    foreign_name: str | None = None
    stolen_share: float | None = None
    clock_step_s: float | None = None
    suspended_s: float | None = None
