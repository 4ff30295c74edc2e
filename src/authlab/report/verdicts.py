"""Verdicts as cards: the claim, the verdict in words, and each prediction beside its measurement."""

from __future__ import annotations

from typing import Any

from authlab.model.findings import YES_NO
from authlab.report.faulted import is_faulted
from authlab.report.words import count, in_unit, label_words, measured, quantity_title, sentence, whole


def cards_of(report: dict[str, Any]) -> list[dict[str, Any]]:
    """One card per experiment that claims something, in the order of the run."""
    return [_card(experiment) for experiment in report["experiments"] if experiment["claim"]]


def _card(experiment: dict[str, Any]) -> dict[str, Any]:
    verdict = experiment["verdict"]
    rows = [_row(judgement, faulted=is_faulted(experiment)) for judgement in experiment["judgements"]]
    if not rows:
        rows = [_unjudged(prediction) for prediction in experiment["predictions"]]
    told = {
        text
        for judgement in experiment["judgements"]
        for text in (judgement["verdict"]["summary"], *judgement["verdict"]["reasons"])
    }
    return {
        "id": experiment["id"],
        "claim": sentence(experiment["claim"]),
        "verdict": verdict["value"] if verdict else None,
        "summary": _stop(verdict["summary"]) if verdict else "No verdict: the run ended before it could be judged.",
        # What the table says of single predictions is not said twice.
        "reasons": [sentence(reason) for reason in verdict["reasons"] if reason not in told] if verdict else [],
        "rows": rows,
        "yes_no": bool(rows) and all(p["unit"] == YES_NO for p in experiment["predictions"]),
    }


def _row(judgement: dict[str, Any], *, faulted: bool) -> dict[str, Any]:
    prediction, observation, verdict = (judgement[k] for k in ("prediction", "observation", "verdict"))
    unit = observation["unit"] if observation else _unit(prediction)
    row = _predicted(prediction, unit)
    row["verdict"] = verdict["value"]
    row["reasons"] = [sentence(reason) for reason in verdict["reasons"]]
    if observation is None or observation["value"] is None:
        return {**row, "measured": "not measured", "basis": ""}
    row["measured"] = measured(observation["value"], observation["interval"], unit)
    if unit == YES_NO:
        return {**row, "basis": observation["note"]}
    row["basis"] = _basis_of_fault(observation) if faulted else _basis(observation)
    return row


def _basis(observation: dict[str, Any]) -> str:
    return f"{count(observation['blocks'], 'block')}, {whole(observation['samples'])} requests"


def _basis_of_fault(observation: dict[str, Any]) -> str:
    """Fault experiments count users (or other things, by their quantity) over repetitions, not requests over blocks."""
    things = "user" if "user" in observation["quantity"] else "value"
    return f"{count(observation['blocks'], 'repetition')}, {count(observation['samples'], things)}"


def _unjudged(prediction: dict[str, Any]) -> dict[str, Any]:
    row = _predicted(prediction, _unit(prediction))
    return {**row, "measured": "—", "basis": "", "verdict": "not judged", "reasons": []}


def _predicted(prediction: dict[str, Any], unit: str) -> dict[str, Any]:
    who = label_words(prediction["mode"])
    if prediction["against"]:
        who += f" / {label_words(prediction['against'])}"
    if prediction["workers"]:
        who += f", N = {prediction['workers']}"
    value, formula = prediction["value"], prediction["formula"]
    if value is None:
        predicted, formula = prediction["rule"] or formula or "a rule", ""
    else:
        around = "" if unit == YES_NO else f" ± {in_unit(prediction['margin'], unit)}"
        predicted = in_unit(value, unit) + around
        # "0 = 0 %" tells nothing.
        formula = "" if formula.strip() in (f"{value:g}", "") else formula
    return {
        "mode": prediction["mode"],
        "who": who,
        "quantity": quantity_title(prediction["quantity"]),
        "predicted": sentence(predicted),
        "formula": formula,
    }


def _unit(prediction: dict[str, Any]) -> str:
    if prediction["unit"]:
        return str(prediction["unit"])
    return "share" if prediction["quantity"].endswith("share") else "ratio" if prediction["against"] else ""


def _stop(text: str) -> str:
    """The text as a sentence, with its full stop."""
    kept = sentence(text)
    return kept if kept.endswith((".", "!", "?")) or not kept else f"{kept}."
