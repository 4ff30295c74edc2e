"""Verdict rules that experiments share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from authlab.model.findings import Judgement, Observation, Prediction, Verdict

RUN_LONGER: Final = "run longer with --for"
MORE_USERS: Final = "more users (--users) or repetitions (--repeat)"

Judge = Callable[[Prediction, Observation | None, Sequence[str], str], Judgement]
"""A function from prediction, observation, doubts and the remedy for a wide interval to a judgement."""


def judge_prediction(
    prediction: Prediction, observation: Observation | None, doubts: Sequence[str] = (), remedy: str = RUN_LONGER
) -> Judgement:
    """Judge by `judge_value`, or by `judge_at_least` if the prediction has a threshold in place of a value."""
    if prediction.at_least is not None:
        return judge_at_least(prediction, observation, prediction.at_least, doubts, remedy)
    return judge_value(prediction, observation, doubts, remedy)


def judge_value(
    prediction: Prediction, observation: Observation | None, doubts: Sequence[str] = (), remedy: str = RUN_LONGER
) -> Judgement:
    """Judge a predicted value: an interval wholly within value ± margin confirms, one wholly outside refutes.

    `doubts` (reasons why the data can't be trusted) make it inconclusive, regardless of the numbers. `remedy` says
    what makes an interval narrower.
    """
    return Judgement(prediction, observation, _value_verdict(prediction, observation, tuple(doubts), remedy))


def _value_verdict(
    prediction: Prediction, observation: Observation | None, doubts: tuple[str, ...], remedy: str
) -> Verdict:
    name = f"{prediction.quantity} of {prediction.mode}"
    if observation is None or observation.value is None:
        return Verdict("inconclusive", f"{name} was not measured", doubts)
    if prediction.value is None:
        raise ValueError(f"{name} is predicted by a rule, not by a value")
    wanted = f"{prediction.value:.3g} ± {prediction.margin:g}"
    if observation.interval is None:
        summary = f"{name}: {observation.value:.3g} without an interval, predicted {wanted}"
        return Verdict("inconclusive", summary, (*doubts, f"one value alone decides nothing: {remedy}"))
    low, high = observation.interval
    seen = f"{observation.value:.3g} [{low:.3g}, {high:.3g}]"
    floor, ceiling = prediction.value - prediction.margin, prediction.value + prediction.margin
    if doubts:
        return Verdict("inconclusive", f"{name}: {seen}, predicted {wanted}, but the trial is in doubt", doubts)
    if floor <= low and high <= ceiling:
        return Verdict("confirmed", f"{name}: {seen}, predicted {wanted}")
    if high < floor or low > ceiling:
        return Verdict("refuted", f"{name}: {seen}, predicted {wanted}")
    return Verdict(
        "inconclusive",
        f"{name}: {seen} lies partly outside {wanted}",
        (f"the interval is too wide for the margin: {remedy}",),
    )


def judge_at_least(
    prediction: Prediction,
    observation: Observation | None,
    threshold: float,
    doubts: Sequence[str] = (),
    remedy: str = RUN_LONGER,
) -> Judgement:
    """Judge the rule "at least `threshold`".

    It is confirmed if the whole interval is at least `threshold`, and refuted if the whole interval is below.
    """
    reasons = tuple(doubts)
    name = f"{prediction.quantity} of {prediction.mode}"
    if prediction.against:
        name += f" compared with {prediction.against}"
    if observation is None or observation.value is None or observation.interval is None:
        return Judgement(prediction, observation, Verdict("inconclusive", f"{name} was not measured", reasons))
    low, high = observation.interval
    seen = f"{name}: {observation.value:.3g} [{low:.3g}, {high:.3g}], at least {threshold:g} was expected"
    if reasons:
        verdict = Verdict("inconclusive", f"{seen}, but the trial is in doubt", reasons)
    elif low >= threshold:
        verdict = Verdict("confirmed", seen)
    elif high < threshold:
        verdict = Verdict("refuted", seen)
    else:
        verdict = Verdict("inconclusive", seen, (f"the threshold lies within the interval: {remedy}",))
    return Judgement(prediction, observation, verdict)


def combine(judgements: Sequence[Judgement], claim_holds: str, claim_fails: str) -> Verdict:
    """One verdict of several: refuted if any is refuted, else inconclusive if any is, else confirmed."""
    for value, summary in (("refuted", claim_fails), ("inconclusive", "the run cannot decide")):
        found = [item.verdict for item in judgements if item.verdict.value == value]
        if found:
            reasons = tuple(dict.fromkeys(text for item in found for text in (item.summary, *item.reasons)))
            return Verdict("refuted" if value == "refuted" else "inconclusive", summary, reasons)
    return Verdict("confirmed", claim_holds, tuple(item.verdict.summary for item in judgements))
