"""Why a claim has no verdict, and what stands against the verdict that it has: the first thing to be said of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from authlab.model.findings import ExperimentResult
from authlab.model.plan import Procedure
from authlab.model.run import Trial

_ENDED_BY_TIME: Final = "the time was over"
_NUMBER: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_LEAST_WORDS: Final = 4
"""A shorter text before a colon names something; it is not yet a reason."""


def reasons_for_nothing(result: ExperimentResult, trials: Sequence[Trial]) -> tuple[str, ...]:
    """Why a claim is inconclusive, each reason once. Doubts about trials come first: they outweigh every number.

    Where no reason was recorded, the judgements' own words stand in for it.
    """
    if result.verdict is None or result.verdict.value != "inconclusive":
        return ()
    open_ones = [item.verdict for item in result.judgements if item.verdict.value == "inconclusive"]
    summaries = {item.verdict.summary for item in result.judgements}
    found = [text for verdict in open_ones for text in (verdict.reasons or (verdict.summary,))]
    found += [text for text in result.verdict.reasons if text not in summaries]
    doubted = list(dict.fromkeys(reason for trial in trials if not trial.valid for reason in trial.reasons))
    first = [text for text in doubted if text in found or not found]
    return _each_kind_once(dict.fromkeys([*first, *found, *_stopped(result)]))


def doubts_about(result: ExperimentResult, trials: Sequence[Trial]) -> tuple[str, ...]:
    """The trials that don't count beside a verdict that others decided, each reason once."""
    if result.verdict is None or result.verdict.value == "inconclusive":
        return ()
    named: dict[str, list[str]] = {}
    for trial in trials:
        for reason in (trial.reasons or ("no reason was recorded",)) if not trial.valid else ():
            named.setdefault(reason, []).append(trial.id)
    return tuple(
        f"{'trial' if len(ids) == 1 else 'trials'} {', '.join(ids)} can't be trusted: {reason}"
        for reason, ids in named.items()
    )


def _each_kind_once(reasons: Iterable[str]) -> tuple[str, ...]:
    """The first of those reasons that differ in nothing but numbers, and how many more there are like it."""
    kinds: dict[str, list[str]] = {}
    for reason in reasons:
        kinds.setdefault(_NUMBER.sub("#", reason), []).append(reason)
    return tuple(
        alike[0] if len(alike) == 1 else f"{alike[0]} (and {len(alike) - 1} more like it)" for alike in kinds.values()
    )


def cause(reasons: Sequence[str]) -> str:
    """The first reason without its remedy, as part of a sentence, and how many more there are."""
    if not reasons:
        return ""
    more = len(reasons) - 1
    rest = f" (and {more} more {'reason' if more == 1 else 'reasons'})" if more else ""
    return _without_remedy(reasons[0]) + rest


def _without_remedy(reason: str) -> str:
    """A reason up to the colon before its remedy; one within brackets is part of the reason."""
    depth = 0
    for place, character in enumerate(reason):
        depth += (character in "([") - (character in ")]")
        if depth == 0 and reason.startswith(": ", place) and len(reason[:place].split()) >= _LEAST_WORDS:
            return reason[:place]
    return reason.rstrip(".")


def _stopped(result: ExperimentResult) -> list[str]:
    """Why procedures that were to go on until something was known ended before it."""
    procedures = [plan.exercise for plan in result.plans if isinstance(plan.exercise, Procedure)]
    return [one.ended for one in procedures if one.ended and one.ended.startswith(_ENDED_BY_TIME)]
