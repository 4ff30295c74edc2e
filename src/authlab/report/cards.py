"""Verdicts as cards: the claim, the verdict in words, and each prediction beside its measurement."""

from __future__ import annotations

from dataclasses import dataclass

from authlab.model.findings import YES_NO, Judgement, Observation, Prediction
from authlab.report.setups import Experiment
from authlab.report.why import doubts_about, reasons_for_nothing
from authlab.report.words import count, in_unit, label_words, measured, quantity_title, sentence, stopped, whole

NOT_JUDGED = "not judged"


@dataclass(frozen=True)
class CardRow:
    """One prediction beside what was measured, in words; `judgement` is None where nothing was judged."""

    prediction: Prediction
    judgement: Judgement | None
    who: str
    quantity: str
    predicted: str
    formula: str
    measured: str
    basis: str
    verdict: str
    reasons: tuple[str, ...]

    @property
    def predicted_whole(self) -> str:
        """The prediction with its formula."""
        return f"{self.predicted} ({self.formula})" if self.formula else self.predicted


@dataclass(frozen=True)
class Card:
    """One claim. `verdict` is one of the verdicts' words or `NOT_JUDGED`; `yes_no`: its predictions are questions.

    `why` says why it is inconclusive, and `doubts` what stands against another verdict; both stand before all else.
    `reasons` are the numbers that led to a verdict.
    """

    id: str
    claim: str
    verdict: str
    summary: str
    reasons: tuple[str, ...]
    rows: tuple[CardRow, ...]
    yes_no: bool
    why: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def card_of(experiment: Experiment) -> Card:
    """The card of an experiment."""
    result = experiment.result
    verdict = result.verdict
    rows = [_judged(judgement, side_by_side=experiment.side_by_side) for judgement in result.judgements]
    # What the table says of single predictions is not said twice.
    why = reasons_for_nothing(result, experiment.trials)
    told = {text for judgement in result.judgements for text in (judgement.verdict.summary, *judgement.verdict.reasons)}
    told.update(why)
    return Card(
        id=result.id,
        claim=sentence(result.claim),
        verdict=verdict.value if verdict else NOT_JUDGED,
        summary=stopped(verdict.summary) if verdict else "No verdict: the run ended before it could be judged.",
        reasons=tuple(sentence(reason) for reason in verdict.reasons if reason not in told) if verdict else (),
        rows=tuple(rows or [_unjudged(prediction) for prediction in result.predictions]),
        yes_no=bool(result.predictions) and all(prediction.unit == YES_NO for prediction in result.predictions),
        why=why,
        doubts=doubts_about(result, experiment.trials),
    )


def _judged(judgement: Judgement, *, side_by_side: bool) -> CardRow:
    seen = judgement.observation
    unit = seen.unit if seen else _unit(judgement.prediction)
    words, basis = "not measured", ""
    if seen is not None and seen.value is not None:
        words = measured(seen.value, seen.interval, unit)
        basis = seen.note if unit == YES_NO else _basis(seen, side_by_side=side_by_side)
    verdict = judgement.verdict
    # What is inconclusive always says why.
    found = verdict.reasons or ((verdict.summary,) if verdict.value == "inconclusive" else ())
    reasons = tuple(sentence(reason) for reason in found)
    return _row(judgement.prediction, judgement, unit, words, basis, judgement.verdict.value, reasons)


def _unjudged(prediction: Prediction) -> CardRow:
    return _row(prediction, None, _unit(prediction), "—", "", NOT_JUDGED, ())


def _basis(seen: Observation, *, side_by_side: bool) -> str:
    """Arms side by side count users (or other things, by their quantity) over repetitions, not requests over blocks."""
    if not side_by_side:
        return f"{count(seen.blocks, 'block')}, {whole(seen.samples)} requests"
    return f"{count(seen.blocks, 'repetition')}, {count(seen.samples, 'user' if 'user' in seen.quantity else 'value')}"


def _row(
    prediction: Prediction,
    judgement: Judgement | None,
    unit: str,
    words: str,
    basis: str,
    verdict: str,
    reasons: tuple[str, ...],
) -> CardRow:
    who = label_words(prediction.mode)
    who += f" / {label_words(prediction.against)}" if prediction.against else ""
    who += f", N = {prediction.workers}" if prediction.workers else ""
    who += f", {prediction.stage}" if prediction.stage else ""
    if prediction.value is None:
        predicted, formula = prediction.rule or prediction.formula or "a rule", ""
    else:
        around = "" if unit == YES_NO else f" ± {in_unit(prediction.margin, unit)}"
        predicted = in_unit(prediction.value, unit) + around
        # "0 = 0 %" tells nothing.
        formula = "" if prediction.formula.strip() in (f"{prediction.value:g}", "") else prediction.formula
    quantity = quantity_title(prediction.quantity)
    return CardRow(prediction, judgement, who, quantity, sentence(predicted), formula, words, basis, verdict, reasons)


def _unit(prediction: Prediction) -> str:
    if prediction.unit:
        return prediction.unit
    return "share" if prediction.quantity.endswith("share") else "ratio" if prediction.against else ""
