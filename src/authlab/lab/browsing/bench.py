"""Experiments in a browser. All run side by side, each with its own trial, answers and evidence."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from authlab.browser.order import Answer, key_of, read_answers
from authlab.experiments.browser import BROWSER_EXPERIMENTS
from authlab.experiments.evidence import Evidence
from authlab.lab.browsing.driving import ANSWERS, check_browser_lab, drive
from authlab.lab.live import Context
from authlab.lab.session import Session
from authlab.lab.stacks import StackKind
from authlab.lab.stored import Stored
from authlab.lab.trials import NOT_MEASURED
from authlab.model.findings import ExperimentResult
from authlab.model.run import Trial
from authlab.store.atomic import write_json
from authlab.store.runs import RunFolder

STAGE: Final = "browser"
BROWSER: Final = "chromium"
_TABLE: Final = "answers.json"


class BrowserBench:
    """See `authlab.lab.benches.Bench`."""

    def check(self, results: Sequence[ExperimentResult], kind: StackKind) -> None:  # noqa: ARG002 - it has no stacks
        """Check for everything that the browser lab needs."""
        check_browser_lab()

    def trials(self, results: Sequence[ExperimentResult], before: int) -> Iterator[Trial]:
        """One trial per experiment."""
        for number, result in enumerate(results, before + 1):
            name = f"{number:02d}-{result.id}"
            yield Trial(name, result.id, STAGE, BROWSER, 1, valid=False, reasons=(NOT_MEASURED,))

    def measure(self, session: Session, results: Sequence[ExperimentResult], context: Context) -> Iterator[str]:
        """Let browsers answer the questions of all these experiments, and give each experiment its answers."""
        ids = {trial.experiment: trial.id for trial in session.run.trials}
        first = session.folder.trial_folder(ids[results[0].id])
        seen = drive(
            [BROWSER_EXPERIMENTS[result.id] for result in results],
            [prediction for result in results for prediction in result.predictions],
            guardian=context.guardian,
            runtime=context.runtime,
            folder=first,
            listener=context.listener,
        )
        session.interrupted = seen.interrupted
        for result in results:
            folder = session.folder.trial_folder(ids[result.id])
            answers = _own(result, seen.answers)
            write_json(folder / _TABLE, {"answers": [asdict(answer) for answer in answers]})
            if folder != first:
                _share_out(first / "evidence", folder / "evidence", answers)
        _keep_only(first / "evidence", _own(results[0], seen.answers))
        asked = {result.id: result for result in results}
        session.keep_trials(
            [_came_out(t, asked[t.experiment], seen.answers) for t in session.run.trials if t.experiment in asked],
            seen.versions,
        )
        yield from asked

    def with_trials(self, stored: Stored, result: ExperimentResult, store: RunFolder) -> list[Trial]:
        """The experiment's trial. If a killed lab did not write its numbers, they come from its answers."""
        answers = _answers(store)
        return [
            trial if trial.summary or not answers else _came_out(trial, result, answers)
            for trial in stored.run.trials
            if trial.experiment == result.id
        ]

    def evidence(self, stored: Stored, result: ExperimentResult, store: RunFolder) -> Evidence | None:  # noqa: ARG002
        """All answers in the programs' logs; None if those were removed."""
        answers = _answers(store)
        return Evidence((), answers=answers) if answers else None


def _answers(store: RunFolder) -> dict[str, Answer]:
    files = store.path.glob(f"trials/*/logs/*/{ANSWERS}")
    return {answer.key: answer for file in files for answer in read_answers(file)}


def _own(result: ExperimentResult, answers: Mapping[str, Answer]) -> list[Answer]:
    """The answers to the experiment's own questions."""
    asked = (key_of(p.mode, p.quantity) for p in result.predictions)
    return [answers[key] for key in asked if key in answers]


def _came_out(trial: Trial, result: ExperimentResult, answers: Mapping[str, Answer]) -> Trial:
    asked = len(result.predictions)
    seen = sum(answer.value is not None for answer in _own(result, answers))
    reasons = () if seen == asked else (f"{asked - seen} of {asked} questions were not answered",)
    return replace(trial, blocks=1, valid=seen > 0, reasons=reasons, summary={"asked": asked, "answered": seen})


def _share_out(evidence: Path, target: Path, answers: Sequence[Answer]) -> None:
    """Copy the evidence of these answers from the folder that holds all evidence."""
    for answer in answers:
        for file in evidence.glob(f"{answer.evidence}.*") if answer.evidence else ():
            target.mkdir(exist_ok=True)
            shutil.copyfile(file, target / file.name)


def _keep_only(evidence: Path, answers: Sequence[Answer]) -> None:
    kept = {answer.evidence for answer in answers}
    if not evidence.is_dir():
        return
    for file in evidence.iterdir():
        if file.stem not in kept:
            file.unlink()
    if not any(evidence.iterdir()):
        evidence.rmdir()
