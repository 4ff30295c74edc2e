"""How much is much: a difference between runs, compared with a stated margin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from authlab.model.findings import SHARE_MARGIN
from authlab.report.estimates import Estimate

VERDICTS: Final = ("worse", "inconclusive", "better", "same")
"""In the order in which they decide over several: one `worse` outweighs everything."""


@dataclass(frozen=True)
class Margins:
    """What still counts as the same: a relative change of times and CPU, a difference of shares.

    0.1 of a ratio is 10 %: everything from 1/1.1 to 1.1. 0.02 of a share is two percentage points.
    """

    ratio: float = 0.10
    share: float = SHARE_MARGIN

    def ends(self, kind: str) -> tuple[float, float]:
        """The least and the greatest effect that count as the same, for a `ratio` or a `difference`."""
        return (1 / (1 + self.ratio), 1 + self.ratio) if kind == "ratio" else (-self.share, self.share)


@dataclass(frozen=True)
class Judged:
    """The verdict on one effect; one that is inconclusive says why."""

    verdict: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Overall:
    """The verdict over several, with the count of each."""

    value: str
    counts: dict[str, int]


def judged(effect: Estimate, ends: tuple[float, float], doubts: Sequence[str]) -> Judged:
    """The verdict on an effect (less is better in every quantity that is compared).

    `same`: the whole interval lies within `ends`. `worse`, `better`: wholly outside. Everything else is
    `inconclusive`, and so is an effect whose trials are in doubt.
    """
    if doubts:
        return Judged("inconclusive", tuple(doubts))
    if effect.value is None or effect.low is None or effect.high is None:
        return Judged("inconclusive", ("there is no interval: a single block has none",))
    low, high = ends
    if low <= effect.low and effect.high <= high:
        return Judged("same")
    if low <= effect.high and effect.low <= high:
        return Judged("inconclusive", ("the interval reaches across the margin: longer runs make it narrower",))
    return Judged("worse" if effect.low > high else "better")


def overall(values: Iterable[str]) -> Overall:
    """The first of `VERDICTS` that occurs; inconclusive where there is nothing to judge."""
    counts = Counter(values)
    value = next((word for word in VERDICTS if counts[word]), "inconclusive")
    return Overall(value, {word: counts[word] for word in VERDICTS})
