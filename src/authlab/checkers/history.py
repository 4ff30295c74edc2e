"""Runs all history checkers over one trial. One that crashes is inconclusive, never a pass, and stops no other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import polars as pl
from polars.exceptions import PanicException

from authlab.checkers import availability, no_identity_mix, no_lost_update, no_spurious_logout, no_use_after_logout
from authlab.checkers.rules import USUAL, Rules
from authlab.model.faults import FaultEvent
from authlab.model.history import Checked

Checker = Callable[[pl.DataFrame, Sequence[FaultEvent], Rules], Checked]
"""From samples (columns of authlab.store.frames.SAMPLES_SCHEMA, any order), faults and rules to a result. Pure."""

CHECKERS: Final[Mapping[str, Checker]] = MappingProxyType(
    {
        no_spurious_logout.NAME: no_spurious_logout.no_spurious_logout,
        no_use_after_logout.NAME: no_use_after_logout.no_use_after_logout,
        no_identity_mix.NAME: no_identity_mix.no_identity_mix,
        no_lost_update.NAME: no_lost_update.no_lost_update,
        availability.NAME: availability.availability,
    }
)


def check_history(
    samples: pl.DataFrame,
    faults: Sequence[FaultEvent],
    checkers: Mapping[str, Checker] = CHECKERS,
    rules: Rules = USUAL,
) -> tuple[Checked, ...]:
    """The results of all checkers, in their order. The samples are those of one trial: one mode, one set of users.

    Warm-up requests and log-ins belong to the history, too: leave nothing out.
    """
    return tuple(_run(name, checker, samples, faults, rules) for name, checker in checkers.items())


def _run(name: str, checker: Checker, samples: pl.DataFrame, faults: Sequence[FaultEvent], rules: Rules) -> Checked:
    try:
        return checker(samples, faults, rules)
    except (Exception, PanicException) as error:  # noqa: BLE001 - whatever it was, this checker can't say anything
        said = str(error).strip().splitlines()
        why = f"{type(error).__name__}: {said[0]}" if said else type(error).__name__
        reason = f"the checker {name} crashed ({why}); this is a bug in authlab, so there is no result"
        return Checked(name, "inconclusive", reason, reasons=(reason,))
