"""run.json to `Run` and back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from authlab.model.findings import ExperimentResult, Judgement, Observation, Prediction, Verdict
from authlab.model.run import Run, Trial
from authlab.store.fitting import misfit
from authlab.store.shapes import misshapen


def run_to_json(run: Run) -> dict[str, Any]:
    """The JSON object of a run: `schema` first, tuples as lists."""
    body = asdict(run)
    return {"schema": body.pop("schema"), **body}


def run_from_json(body: dict[str, Any]) -> Run:
    """The run of a JSON object. Raises KeyError, TypeError or ValueError where it isn't one."""
    known = {
        **body,
        "command": tuple(body["command"]),
        "experiments": tuple(_experiment(item) for item in body.get("experiments", ())),
        "trials": tuple(_trial(item) for item in body.get("trials", ())),
    }
    run = Run(**{name: value for name, value in known.items() if name in Run.__dataclass_fields__})
    if problem := misfit(run, Run, "") or misshapen(run):
        raise ValueError(problem)
    if run.seed < 0:
        raise ValueError("seed is below zero")
    return run


def _trial(body: dict[str, Any]) -> Trial:
    return Trial(**{**body, "reasons": tuple(body.get("reasons", ()))})


def _experiment(body: dict[str, Any]) -> ExperimentResult:
    return ExperimentResult(
        id=body["id"],
        claim=body["claim"],
        predictions=tuple(Prediction(**item) for item in body["predictions"]),
        observations=tuple(_observation(item) for item in body.get("observations", ())),
        judgements=tuple(_judgement(item) for item in body.get("judgements", ())),
        verdict=_verdict(body.get("verdict")),
    )


def _observation(body: dict[str, Any]) -> Observation:
    interval = body.get("interval")
    return Observation(**{**body, "interval": None if interval is None else (interval[0], interval[1])})


def _judgement(body: dict[str, Any]) -> Judgement:
    observed = body.get("observation")
    verdict = _verdict(body["verdict"])
    if verdict is None:
        raise ValueError("a judgement without a verdict")
    return Judgement(Prediction(**body["prediction"]), observed and _observation(observed), verdict)


def _verdict(body: dict[str, Any] | None) -> Verdict | None:
    return None if body is None else Verdict(**{**body, "reasons": tuple(body.get("reasons", ()))})
