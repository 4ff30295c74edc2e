"""A run from start to report: predict, measure, judge, write."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from authlab.experiments.catalogue import CALIBRATION, GROUPS
from authlab.experiments.experiment import Bench as BenchName
from authlab.experiments.experiment import Experiment
from authlab.experiments.judging import planned
from authlab.experiments.options import Options
from authlab.host.machine import machine_facts as circumstances
from authlab.host.machine import package_versions, pinning
from authlab.host.processes import Guardian
from authlab.lab.benches import BENCHES
from authlab.lab.calibrations import newest_calibration
from authlab.lab.judge import judged_result
from authlab.lab.lifetime import private_folder, terminate_as_interrupt
from authlab.lab.listening import Listener
from authlab.lab.live import Context
from authlab.lab.lock import running
from authlab.lab.machine import machine_facts
from authlab.lab.reporting import write_reports
from authlab.lab.session import Session, moment
from authlab.lab.stacks import LOCAL, StackChoice
from authlab.model.calibration import Calibration
from authlab.model.errors import LabError, refused_by_system
from authlab.model.findings import ExperimentResult
from authlab.model.run import Run, Trial
from authlab.stack.secrets import make_secrets
from authlab.store.disk import check_room
from authlab.store.runs import RunFolder, new_run_id


@dataclass(frozen=True)
class RunOutcome:
    """A run, its folder, its report and its summary."""

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

    run.json holds plans and predictions before the first trial; it is written again after each plan and after each
    verdict. On Ctrl-C or SIGTERM the run so far is judged and reported with the status `interrupted`. Raises `LabError`
    for problems that the user can fix; run.json then has the status `failed` and the reason.
    """
    facts = machine_facts()
    found = [planned(experiment, experiment.plan(options, facts)) for experiment in experiments]
    by_bench = _by_bench(experiments, found)
    for name, its_results in by_bench.items():
        BENCHES[name].check(its_results, choice.kind)
    check_room(results, sum(plan.requests for result in found for plan in result.plans))
    now = datetime.now(UTC)
    folder = RunFolder.create(results, new_run_id(_name(experiments), now))
    pins = pinning()
    machine = circumstances(pins)
    session = Session(
        Run(
            id=folder.id,
            status="running",
            command=tuple(command),
            seed=options.seed,
            started_at=moment(now),
            finished_at=None,
            stack=choice.kind,
            machine=machine,
            versions=package_versions(),
            parameters=_parameters(options, found),
            experiments=tuple(found),
            trials=tuple(_trials(by_bench)),
            facts=facts,
            calibration=_cited(experiments, results, machine, choice),
        ),
        folder,
    )
    for result in found:
        listener.predicted(result.id, result.claim, result.predictions)
    try:
        with running(folder.path), terminate_as_interrupt(), Guardian() as guardian:
            runtime = private_folder(guardian)
            secrets = make_secrets(runtime / "secrets", options.users)
            context = Context(
                folder, guardian, runtime, secrets, options.users, pins, listener, choice, options.scenario
            )
            for name, its_results in by_bench.items():
                for measured in BENCHES[name].measure(session, its_results, context):
                    judged = judged_result(session.run, measured, folder)
                    session.keep_result(judged)
                    listener.judged(judged)
                if session.interrupted:
                    break
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
    report, lines = write_reports(folder.path, judge=any(result.verdict is None for result in session.run.experiments))
    return RunOutcome(folder.path, report, folder.read_run(), tuple(lines))


def _by_bench(
    experiments: Sequence[Experiment], results: Sequence[ExperimentResult]
) -> dict[BenchName, list[ExperimentResult]]:
    """The results by bench, in the order in which the user named the experiments."""
    found: dict[BenchName, list[ExperimentResult]] = {}
    for experiment, result in zip(experiments, results, strict=True):
        found.setdefault(experiment.bench, []).append(result)
    return found


def _cited(
    experiments: Sequence[Experiment], results: Path, machine: Mapping[str, Any], choice: StackChoice
) -> Calibration | None:
    """The calibration that the run cites. A browser measures no costs, and a calibration stands for itself."""
    if CALIBRATION in experiments or all(experiment.bench == "browser" for experiment in experiments):
        return None
    return newest_calibration(results, machine, choice.kind)


def _trials(by_bench: dict[BenchName, list[ExperimentResult]]) -> list[Trial]:
    found: list[Trial] = []
    for name, results in by_bench.items():
        found += BENCHES[name].trials(results, len(found))
    return found


def _name(experiments: Sequence[Experiment]) -> str:
    """The name in the run's folder name: its experiments, or their group if there is one."""
    ids = [experiment.id for experiment in experiments]
    for group in ("browser", "faults"):
        if len(ids) > 1 and set(ids) == set(GROUPS.get(group, ())):
            return group
    return "-".join(ids)


def _parameters(options: Options, results: Sequence[ExperimentResult]) -> dict[str, Any]:
    """The parameters that the user chose; the plans hold the rest. A scenario of the user's own has its SHA-256."""
    if not any(result.plans for result in results):
        return {}  # a browser has no workers, users or rate to choose
    scenario = options.scenario
    own = {} if scenario is None or scenario.shipped else {"scenario_sha256": scenario.fingerprint()}
    return {
        "workers": options.workers,
        "users": options.users,
        "rate_rps": options.rate_rps,
        "quick": options.quick,
        "scenario": options.scenario_name,
        **own,
    }
