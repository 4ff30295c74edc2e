"""The run that is going on, and its run.json."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from authlab.model.findings import ExperimentResult
from authlab.model.plan import Plan
from authlab.model.run import Run, RunStatus, Trial
from authlab.store.runs import RunFolder


class Session:
    """The run that is going on. Only this class rewrites run.json. `interrupted`: Ctrl-C ended it early."""

    def __init__(self, run: Run, folder: RunFolder) -> None:
        self.run = run
        self.folder = folder
        self.interrupted = False
        folder.write_run(run)

    def keep(self, run: Run) -> None:
        """Keep and write the run as it is now."""
        self.run = run
        self.folder.write_run(run)

    def keep_trials(self, trials: Sequence[Trial], versions: Mapping[str, str]) -> None:
        """Keep trials that were measured, and the versions of the programs used."""
        found = {trial.id: trial for trial in trials}
        self.keep(
            replace(
                self.run,
                versions={**self.run.versions, **versions},
                trials=tuple(found.get(trial.id, trial) for trial in self.run.trials),
            )
        )

    def keep_plan(self, experiment: str, plan: Plan) -> None:
        """Keep a plan with the steps that were done."""
        result = self.result(experiment)
        plans = tuple(plan if one.stage == plan.stage else one for one in result.plans)
        self.keep_result(replace(result, plans=plans))

    def keep_result(self, result: ExperimentResult) -> None:
        """Keep an experiment with its plans and, in the end, its verdict."""
        experiments = tuple(result if one.id == result.id else one for one in self.run.experiments)
        self.keep(replace(self.run, experiments=experiments))

    def result(self, experiment: str) -> ExperimentResult:
        """The experiment as the run has it now."""
        return next(one for one in self.run.experiments if one.id == experiment)

    def end(self, status: RunStatus, failure: str | None = None) -> None:
        """Write the run's final status."""
        self.keep(replace(self.run, status=status, finished_at=moment(datetime.now(UTC)), failure=failure))


def moment(at: datetime) -> str:
    """A moment as run.json has it: 2026-11-24T06:00:00Z."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
