"""A run from its first word to its report: predict, measure, judge, write."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from authlab.experiments.base import Experiment, Options, Stage, StageData
from authlab.experiments.browser import BrowserExperiment
from authlab.experiments.catalogue import GROUPS
from authlab.experiments.faulted import FaultData, FaultExperiment, FaultStage, worthwhile
from authlab.host.machine import machine_facts, package_versions, pinning
from authlab.host.processes import Guardian
from authlab.lab.browsing.driving import check_browser_lab, drive
from authlab.lab.browsing.trials import planned_browser_trials, shared_out
from authlab.lab.extensions import extension_parameters
from authlab.lab.fault_stage import FaultOutcome, run_fault_stage, texts_of
from authlab.lab.judging import judged, judged_faults
from authlab.lab.lifetime import private_folder, terminate_as_interrupt
from authlab.lab.listening import Listener
from authlab.lab.preflight import check_programs
from authlab.lab.reading import running
from authlab.lab.reporting import write_reports
from authlab.lab.stacks import LOCAL, StackChoice
from authlab.lab.stage import StageContext, run_stage
from authlab.model.errors import LabError, refused_by_system
from authlab.model.findings import ExperimentResult
from authlab.model.run import Run, RunStatus, Trial
from authlab.stack.secrets import make_secrets
from authlab.store.disk import check_room
from authlab.store.runs import RunFolder, new_run_id

ContextFor = Callable[[Mapping[str, str]], StageContext]
"""A stage's context, given the trial's id of each mode."""


@dataclass(frozen=True)
class RunOutcome:
    """Where the run is, and what it came to."""

    folder: Path
    report: Path
    run: Run
    summary: tuple[str, ...]


def run_experiments(
    experiments: Sequence[Experiment],
    options: Options,
    *,
    results: Path,
    command: Sequence[str],
    listener: Listener,
    choice: StackChoice = LOCAL,
) -> RunOutcome:
    """Run `experiments` one after the other and write their report.

    run.json is written before the first trial, after each stage and after the verdicts. On Ctrl-C or SIGTERM
    the run so far is judged and reported with the status `interrupted`. Raises `LabError` for what the user
    can mend; the run then says `failed` and why.
    """
    plans = [(experiment, experiment.stages(options)) for experiment in experiments]
    harming = [(e, worthwhile(e, options)) for e in experiments if isinstance(e, FaultExperiment)]
    browsing = [experiment for experiment in experiments if isinstance(experiment, BrowserExperiment)]
    if len(browsing) < len(plans):
        modes = [stage.mode(name) for _, stages in plans for stage in stages for name in stage.modes]
        modes += [stage.mode(arm) for _, stages in harming for stage in stages for arm in stage.arms]
        check_programs(modes, choice.kind, load=True)
    if browsing:
        check_browser_lab()
    requests = sum(stage.requests for _, stages in plans for stage in stages)
    check_room(results, requests + sum(stage.requests for _, stages in harming for stage in stages))
    now = datetime.now(UTC)
    folder = RunFolder.create(results, new_run_id(_name(experiments), now))
    pins = pinning()
    run = Run(
        id=folder.id,
        status="running",
        command=tuple(command),
        seed=options.seed,
        started_at=_iso(now),
        finished_at=None,
        stack=choice.kind,
        machine=machine_facts(pins),
        versions=package_versions(),
        parameters=_parameters(options, plans, harming),
        experiments=tuple(ExperimentResult(e.id, e.claim, tuple(e.predictions(options))) for e in experiments),
        trials=(
            *(loaded := tuple(_planned_trials(plans))),
            *(harmed := tuple(_planned_fault_trials(harming, len(loaded)))),
            *planned_browser_trials(browsing, len(loaded) + len(harmed)),
        ),
    )
    session = _Session(run, folder, listener)
    folder.write_run(run)
    for result in run.experiments:
        listener.predicted(result.id, result.claim, result.predictions)
    try:
        with running(folder.path), terminate_as_interrupt(), Guardian() as guardian:
            runtime = private_folder(guardian)
            secrets = make_secrets(runtime / "secrets", options.users)

            def context_for(trial_ids: Mapping[str, str]) -> StageContext:
                return StageContext(folder, guardian, runtime, secrets, pins, trial_ids, listener, choice)

            for experiment, stages in plans:
                if isinstance(experiment, BrowserExperiment | FaultExperiment):
                    continue
                if not session.run_one(experiment, stages, context_for):
                    break
            for harmful, fault_stages in harming:
                if session.interrupted or not session.run_faults(harmful, fault_stages, context_for):
                    break
            if browsing and not session.interrupted:
                session.run_browser(browsing, guardian, runtime)
    except KeyboardInterrupt:
        session.end("interrupted")
    except LabError as error:
        session.end("failed", str(error))
        raise
    except BaseException as error:
        said = refused_by_system(error) if isinstance(error, OSError) else None
        session.end("failed", said or "a bug in authlab: " + traceback.format_exc(limit=-3))
        raise
    else:
        session.end("interrupted" if session.interrupted else "finished")
    listener.phase("writing the report")
    report, lines = write_reports(folder.path)
    return RunOutcome(folder.path, report, folder.read_run(), tuple(lines))


class _Session:
    """The run as it grows. The one place where run.json is rewritten."""

    def __init__(self, run: Run, folder: RunFolder, listener: Listener) -> None:
        self.run = run
        self.folder = folder
        self.listener = listener
        self.interrupted = False

    def run_one(
        self, experiment: Experiment, stages: Sequence[Stage], context_for: Callable[[Mapping[str, str]], StageContext]
    ) -> bool:
        """Measure and judge one experiment; False if Ctrl-C cut it short."""
        data: list[StageData] = []
        for stage in stages:
            ids = {
                trial.mode: trial.id
                for trial in self.run.trials
                if trial.experiment == experiment.id and trial.stage == stage.key
            }
            outcome = run_stage(stage, context_for(ids))
            self._keep(
                replace(
                    self.run,
                    versions={**self.run.versions, **outcome.versions},
                    trials=tuple(
                        replace(
                            trial,
                            blocks=outcome.summaries[trial.mode]["blocks"],
                            valid=not outcome.invalid[trial.mode],
                            reasons=outcome.invalid[trial.mode],
                            summary=outcome.summaries[trial.mode],
                        )
                        if trial.id in ids.values()
                        else trial
                        for trial in self.run.trials
                    ),
                )
            )
            data.append(StageData(stage, outcome.frames, outcome.invalid))
            if outcome.interrupted:
                self.interrupted = True
                break
        result = judged(experiment, self._predictions(experiment.id), data)
        self._keep(
            replace(
                self.run,
                experiments=tuple(result if e.id == experiment.id else e for e in self.run.experiments),
            )
        )
        self.listener.judged(result)
        return not self.interrupted

    def run_faults(
        self,
        experiment: FaultExperiment,
        stages: Sequence[FaultStage],
        context_for: Callable[[Mapping[str, str]], StageContext],
    ) -> bool:
        """Carry out and judge one fault experiment; False if Ctrl-C cut it short."""
        data: list[FaultData] = []
        for stage in stages:
            ids = {t.mode: t.id for t in self.run.trials if t.experiment == experiment.id and t.stage == stage.key}
            outcome = run_fault_stage(stage, context_for(ids))
            done = {ids[label]: label for label in outcome.frames}
            self._keep(
                replace(
                    self.run,
                    versions={**self.run.versions, **outcome.versions},
                    trials=tuple(
                        trial if (label := done.get(trial.id)) is None else _done(trial, label, outcome)
                        for trial in self.run.trials
                    ),
                )
            )
            data.append(
                FaultData(stage, outcome.frames, outcome.invalid, outcome.faults, outcome.checks, outcome.probes)
            )
            if outcome.interrupted:
                self.interrupted = True
                break
        result = judged_faults(experiment, self._predictions(experiment.id), data)
        self._keep(
            replace(
                self.run,
                experiments=tuple(result if e.id == experiment.id else e for e in self.run.experiments),
            )
        )
        self.listener.judged(result)
        return not self.interrupted

    def run_browser(self, experiments: Sequence[BrowserExperiment], guardian: Guardian, runtime: Path) -> None:
        """Let browsers answer what these experiments ask, all of them side by side, and judge each."""
        planned = {experiment.id: self._predictions(experiment.id).predictions for experiment in experiments}
        ids = {trial.experiment: trial.id for trial in self.run.trials if trial.experiment in planned}
        seen = drive(
            experiments,
            [prediction for predictions in planned.values() for prediction in predictions],
            guardian=guardian,
            runtime=runtime,
            folder=self.folder.trial_folder(ids[experiments[0].id]),
            listener=self.listener,
        )
        self.interrupted = seen.interrupted
        results = {e.id: e.judge_answers(planned[e.id], seen.answers) for e in experiments}
        trials = shared_out(self.run.trials, results, self.folder, first=ids[experiments[0].id])
        self._keep(
            replace(
                self.run,
                versions={**self.run.versions, **seen.versions},
                trials=trials,
                experiments=tuple(results.get(e.id, e) for e in self.run.experiments),
            )
        )
        for result in results.values():
            self.listener.judged(result)

    def end(self, status: RunStatus, failure: str | None = None) -> None:
        """Write the run's last word."""
        self._keep(replace(self.run, status=status, finished_at=_iso(datetime.now(UTC)), failure=failure))

    def _predictions(self, experiment: str) -> ExperimentResult:
        return next(e for e in self.run.experiments if e.id == experiment)

    def _keep(self, run: Run) -> None:
        self.run = run
        self.folder.write_run(run)


def _done(trial: Trial, label: str, outcome: FaultOutcome) -> Trial:
    reasons = outcome.invalid[label]
    return replace(trial, blocks=1, valid=not reasons, reasons=reasons, summary=outcome.summaries[label])


def _name(experiments: Sequence[Experiment]) -> str:
    """What the run's folder is called after: its experiments, or their group where that is shorter to say."""
    ids = [experiment.id for experiment in experiments]
    for group in ("browser", "faults"):
        if len(ids) > 1 and set(ids) == set(GROUPS.get(group, ())):
            return group
    return "-".join(ids)


def _planned_trials(plans: Sequence[tuple[Experiment, Sequence[Stage]]]) -> Iterator[Trial]:
    number = 0
    for experiment, stages in plans:
        for stage in stages:
            for mode in stage.modes:
                number += 1
                suffix = f"-{stage.key}" if len(stages) > 1 else ""
                yield Trial(
                    f"{number:02d}-{mode}{suffix}",
                    experiment.id,
                    stage.key,
                    mode,
                    stage.workers,
                    valid=False,
                    reasons=("not measured",),
                )


def _planned_fault_trials(
    harming: Sequence[tuple[FaultExperiment, Sequence[FaultStage]]], before: int
) -> Iterator[Trial]:
    number = before
    for experiment, stages in harming:
        for stage in stages:
            for arm in stage.arms:
                number += 1
                yield Trial(
                    f"{number:02d}-{arm.label}-{stage.key}",
                    experiment.id,
                    stage.key,
                    arm.label,
                    stage.workers_of(arm),
                    valid=False,
                    reasons=("not measured",),
                )


def _parameters(
    options: Options,
    plans: Sequence[tuple[Experiment, Sequence[Stage]]],
    harming: Sequence[tuple[FaultExperiment, Sequence[FaultStage]]],
) -> dict[str, Any]:
    if not any(stages for _, stages in [*plans, *harming]):
        return {"stages": []}  # a browser has no workers, users or rate to choose
    return {
        "workers": options.workers,
        "users": options.users,
        "rate_rps": options.rate_rps,
        "quick": options.quick,
        **extension_parameters(options),
        "stages": [
            {
                "experiment": experiment.id,
                "key": stage.key,
                "workers": stage.workers,
                "labels": list(stage.labels),
                "blocks": stage.blocks,
                "slice_s": stage.slice_s,
                "warmup_s": stage.warmup_s,
                "gap_s": stage.gap_s,
                "users": stage.users,
                "rate_rps": stage.rate_rps,
            }
            for experiment, stages in plans
            for stage in stages
        ]
        + [
            {
                "experiment": experiment.id,
                "key": stage.key,
                "workers": stage.workers,
                "labels": list(stage.labels),
                "blocks": 1,
                "slice_s": stage.duration_s,
                "warmup_s": 0.0,
                "gap_s": 0.0,
                "users": stage.users,
                "rate_rps": stage.rate_rps,
                "seed": stage.seed,
                "faults": {label: texts for label, texts in texts_of(stage).items() if texts},
            }
            for experiment, stages in harming
            for stage in stages
        ],
    }


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
