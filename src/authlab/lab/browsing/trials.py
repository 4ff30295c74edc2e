"""Trials of the browser lab: one per experiment, with its own answers and evidence in its folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from authlab.browser.order import read_answers
from authlab.experiments.browser import BROWSER_EXPERIMENTS, BrowserExperiment
from authlab.model.findings import ExperimentResult
from authlab.model.run import Run, Trial
from authlab.store.atomic import write_json
from authlab.store.runs import RunFolder

STAGE: Final = "browser"
BROWSER: Final = "chromium"
ANSWERS: Final = "answers.jsonl"


def planned_browser_trials(experiments: Sequence[BrowserExperiment], before: int) -> Iterator[Trial]:
    """The trials as run.json has them before anything runs, numbered after the `before` that there are."""
    for number, experiment in enumerate(experiments, before + 1):
        yield Trial(
            f"{number:02d}-{experiment.id}", experiment.id, STAGE, BROWSER, 1, valid=False, reasons=("not measured",)
        )


def shared_out(
    trials: Sequence[Trial], results: Mapping[str, ExperimentResult], folder: RunFolder, *, first: str
) -> tuple[Trial, ...]:
    """The trials as they came out. Each gets answers.json, and its own evidence out of the `first`'s folder."""
    source = folder.path / "trials" / first / "evidence"
    found = []
    for trial in trials:
        result = results.get(trial.experiment)
        if result is None:
            found.append(trial)
            continue
        place = folder.trial_folder(trial.id)
        write_json(place / "answers.json", {"answers": [asdict(o) for o in result.observations]})
        if trial.id != first:
            _bring(source, place / "evidence", result)
        found.append(_came_out(trial, result))
    for trial in found:
        if trial.id == first and source.is_dir():
            _keep_only(source, results[trial.experiment])
    return tuple(found)


def judged_so_far(run: Run, folder: RunFolder) -> Run:
    """`run` with what its browsers had answered when its lab was killed; as it is where that is nothing, or judged."""
    answers = {a.key: a for file in folder.path.glob(f"trials/*/logs/*/{ANSWERS}") for a in read_answers(file)}
    results = {
        planned.id: BROWSER_EXPERIMENTS[planned.id].judge_answers(planned.predictions, answers)
        for planned in run.experiments
        if answers and planned.verdict is None and planned.id in BROWSER_EXPERIMENTS
    }
    return replace(
        run,
        experiments=tuple(results.get(e.id, e) for e in run.experiments),
        trials=tuple(_came_out(t, results[t.experiment]) if t.experiment in results else t for t in run.trials),
    )


def _came_out(trial: Trial, result: ExperimentResult) -> Trial:
    seen = sum(o.value is not None for o in result.observations)
    asked = len(result.predictions)
    reasons = () if seen == asked else (f"{asked - seen} of {asked} questions were not answered",)
    return replace(trial, blocks=1, valid=seen > 0, reasons=reasons, summary={"asked": asked, "answered": seen})


def _names(result: ExperimentResult) -> set[str]:
    notes = (o.note.rpartition("evidence/") for o in result.observations)
    return {name.removesuffix(")") for _, sign, name in notes if sign}


def _bring(source: Path, target: Path, result: ExperimentResult) -> None:
    for name in _names(result):
        for file in source.glob(f"{name}.*"):
            target.mkdir(exist_ok=True)
            shutil.copyfile(file, target / file.name)


def _keep_only(source: Path, result: ExperimentResult) -> None:
    kept = _names(result)
    for file in source.iterdir():
        if file.stem not in kept:
            file.unlink()
    if not any(source.iterdir()):
        source.rmdir()
