"""Experiments on stacks under load, one plan after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from authlab.experiments.evidence import ArmData, Evidence, PlanData
from authlab.lab.live import Context
from authlab.lab.measure import carry_out
from authlab.lab.preflight import check_programs
from authlab.lab.session import Session
from authlab.lab.stacks import StackKind
from authlab.lab.stored import Stored
from authlab.lab.trials import came_out, planned_trials, with_token
from authlab.model.findings import ExperimentResult
from authlab.model.history import TrialHistory
from authlab.model.plan import Plan
from authlab.model.run import Run, Trial
from authlab.store.history import read_trial_history
from authlab.store.runs import RunFolder


class StackBench:
    """See `authlab.lab.benches.Bench`."""

    def check(self, results: Sequence[ExperimentResult], kind: StackKind) -> None:
        """Check for every program that the arms' modes and their load need."""
        modes = [arm.mode for result in results for plan in result.plans for arm in plan.arms]
        check_programs(modes, kind, load=True)

    def trials(self, results: Sequence[ExperimentResult], before: int) -> Iterator[Trial]:
        """One trial per arm of each plan."""
        return planned_trials(results, before)

    def measure(self, session: Session, results: Sequence[ExperimentResult], context: Context) -> Iterator[str]:
        """Carry the plans out. An experiment is measured after its last plan, or after Ctrl-C."""
        for result in results:
            for plan in result.plans:
                self._carry_out(session, result.id, plan, context)
                if session.interrupted:
                    break
            yield result.id
            if session.interrupted:
                return

    def with_trials(self, stored: Stored, result: ExperimentResult, store: RunFolder) -> list[Trial]:  # noqa: ARG002
        """The experiment's trials. Trials that a killed lab did not write to run.json come from their tables."""
        found = []
        for plan in result.plans:
            trials = trials_of(stored.run, result.id, plan)
            new = [trial for trial in trials if not trial.summary]
            came = came_out(new, plan, stored.frames, stored.histories, None, stored.run.facts)
            found += [trial for trial in trials if trial.summary] + came
        return found

    def evidence(self, stored: Stored, result: ExperimentResult, store: RunFolder) -> Evidence | None:  # noqa: ARG002
        """The data of the tables; None if the tables of a measured trial were removed."""
        found = []
        for plan in result.plans:
            trials = [trial for trial in trials_of(stored.run, result.id, plan) if trial.summary]
            if any(stored.frames[trial.id].samples.is_empty() for trial in trials):
                return None
            found.append(PlanData(plan, {trial.mode: _arm_data(plan, trial, stored) for trial in trials}))
        return Evidence(tuple(found), stored.run.facts)

    def _carry_out(self, session: Session, experiment: str, plan: Plan, context: Context) -> None:
        trials = trials_of(session.run, experiment, plan)
        ids = {trial.mode: trial.id for trial in trials}
        outcome = carry_out(plan, ids, context, partial(session.keep_plan, experiment))
        frames = {ids[label]: tables for label, tables in outcome.frames.items()}
        histories = {trial: read_trial_history(session.folder.path / "trials" / trial) for trial in frames}
        known = {trial: history for trial, history in histories.items() if history is not None}
        came = came_out(trials, outcome.plan, frames, known, outcome.conditions, session.run.facts)
        session.keep_trials(
            [with_token(trial, outcome.token_bytes.get(trial.mode)) for trial in came], outcome.versions
        )
        session.interrupted = outcome.interrupted


def trials_of(run: Run, experiment: str, plan: Plan) -> list[Trial]:
    """The trials of one plan."""
    return [trial for trial in run.trials if (trial.experiment, trial.stage) == (experiment, plan.stage)]


def _arm_data(plan: Plan, trial: Trial, stored: Stored) -> ArmData:
    history = stored.histories.get(trial.id, TrialHistory())
    done = (history.faults, history.checks, history.probes)
    return ArmData(plan.arm(trial.mode), stored.frames[trial.id], trial.reasons, *done)
