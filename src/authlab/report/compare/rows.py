"""One quantity over all runs: the estimates of each mode, and by how much each run's differs from the first one's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from authlab.model.windows import AGAIN
from authlab.report.compare.effects import difference, ratio
from authlab.report.compare.margins import Margins, judged
from authlab.report.compare.places import Place, at, doubts
from authlab.report.compare.quantities import Quantity
from authlab.report.estimates import Estimate
from authlab.report.measures.ratios import BASE
from authlab.report.report import Report
from authlab.report.words import change, label_words, points

Estimates = dict[Place, Estimate]


@dataclass(frozen=True)
class Held:
    """What the run `key` measured of a mode; `value` is None where it did not."""

    key: str
    value: float | None
    low: float | None
    high: float | None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Both ends, None where they are not known."""
        return None if self.low is None or self.high is None else (self.low, self.high)


@dataclass(frozen=True)
class Effect(Held):
    """By how much the run `key` differs from the first one, and the verdict on that."""

    verdict: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """One mode with its number of workers (0: unknown) over all runs."""

    label: str
    workers: int
    runs: tuple[Held, ...]
    effects: tuple[Effect, ...]

    @property
    def who(self) -> str:
        """The mode and its workers in words."""
        return label_words(self.label) + (f", N = {self.workers}" if self.workers else "")


@dataclass(frozen=True)
class Compared:
    """One quantity, compared as a `ratio` or a `difference` (its `kind`); `counts`: it is part of the verdict.

    Absolute times are no part of it where their ratios to `none` are.
    """

    quantity: str
    title: str
    counts: bool
    kind: str
    unit: str
    rows: tuple[Row, ...]

    def said(self, effect: Effect) -> str:
        """An effect with its interval in words."""
        say = self.say
        return f"{say(effect.value)} [{say(effect.low)}, {say(effect.high)}]" if effect.interval else say(effect.value)

    def say(self, value: float | None) -> str:
        """The size of an effect in words."""
        return points(value) if self.kind == "difference" else change(value)


def rows_of(quantity: Quantity, keys: Sequence[str], reports: Sequence[Report], margins: Margins) -> tuple[Row, ...]:
    """Per mode that the first run has and at least one other has too: all runs' estimates, and the effects."""
    tables = [_estimates(quantity, report) for report in reports]
    rows = []
    for place, base in tables[0].items():
        held = [base, *(at(table, place) for table in tables[1:])]
        unsure = [_doubts(quantity, key, report, place) for key, report in zip(keys, reports, strict=True)]
        effects = []
        for key, estimate, own in zip(keys[1:], held[1:], unsure[1:], strict=True):
            effect = None if estimate is None else _effect(quantity, estimate, base)
            if effect is not None:
                verdict = judged(effect, margins.ends(quantity.kind), [*unsure[0], *own])
                effects.append(Effect(key, effect.value, effect.low, effect.high, verdict.verdict, verdict.reasons))
        if effects:
            shown = tuple(_held(key, estimate) for key, estimate in zip(keys, held, strict=True))
            rows.append(Row(place[1], place[0], shown, tuple(effects)))
    return tuple(rows)


def _held(key: str, estimate: Estimate | None) -> Held:
    found = estimate or Estimate(None)
    return Held(key, found.value, found.low, found.high)


def _estimates(quantity: Quantity, report: Report) -> Estimates:
    found: Estimates = {}
    if quantity.experiment:
        return _observed(quantity, report)
    for setup in report.setups:
        # Shares and times of harmed trials depend on when their faults came: their experiment's observations tell more.
        if setup.side_by_side:
            continue
        for label, row in quantity.rows(setup).items():
            # The A/A twin is a control of its own run, not a mode.
            if not label.endswith(AGAIN):
                found.setdefault((setup.workers_of(label), label), row)
    return found


def _observed(quantity: Quantity, report: Report) -> Estimates:
    found: Estimates = {}
    for result in report.run.experiments:
        for item in result.observations if result.id == quantity.experiment else ():
            if item.quantity == quantity.observed and item.unit == quantity.unit and item.value is not None:
                found.setdefault((item.workers or 0, item.mode), Estimate(item.value, *(item.interval or ())))
    return found


def _effect(quantity: Quantity, other: Estimate, base: Estimate) -> Estimate | None:
    return difference(other, base) if quantity.kind == "difference" else ratio(other, base)


def _doubts(quantity: Quantity, key: str, report: Report, place: Place) -> list[str]:
    labels = [place[1]] if quantity.absolute or quantity.kind == "difference" else [place[1], BASE]
    return list(dict.fromkeys(text for label in labels for text in doubts(key, report, label, place)))
