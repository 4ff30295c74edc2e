"""`authlab run`: experiments, predicted and then measured."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from authlab.cli.capacity import too_many
from authlab.cli.gates import check_junit, exit_code, junit_option, verdict_words
from authlab.cli.meant import faults_of, modes_of, scenario_of
from authlab.cli.stacking import choice_of, stack_options
from authlab.cli.values import DURATION, Problems, option, results_option
from authlab.model.errors import EXIT_INTERRUPTED

if TYPE_CHECKING:
    from authlab.experiments.base import Experiment, Options

_FAULT_HELP = "Do this to the modes, like crash-worker@10s or redis-latency=5ms@20s+10s (repeatable)."
QUICK_S = 42.0
DEFAULT_S = 175.0
MOST_REPEATS = 100  # a day of fault experiments


@click.command()
@click.argument("experiments", nargs=-1, metavar="[EXPERIMENT or GROUP]…")
@option("--workers", type=int, default=3, show_default=True, help="Workers behind the proxy in each mode.")
@option("--users", type=int, default=50, show_default=True, help="Logged-in users in each mode.")
@option("--rate", type=float, default=300.0, show_default=True, help="Requests per second, all users together.")
@option("--for", "duration", type=DURATION, help="How long the whole run may take: 45s, 10m, 1h.  [default: 2m55s]")
@option("--quick", is_flag=True, help="Under 45 seconds; the report says what it therefore can't tell.")
@option("--mode", "modes", multiple=True, help="Only these modes or mode files (repeatable); controls are added.")
@option("--scenario", default="browse", show_default=True, help="What users do: a shipped scenario, or a Locust file.")
@option("--slice", "slice_s", type=DURATION, help="Length of a slice of load.  [default: 0.25s]")
@option("--blocks", type=int, help="Blocks of slices, instead of as many as fit into --for.")
@option("--fault", "faults", multiple=True, metavar="FAULT@START[+DURATION]", help=_FAULT_HELP)
@option("--repeat", type=int, help="How often a fault experiment is done, seeds apart.  [default: 2, quick: 1]")
@option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Seed of schedules and orders.")
@stack_options
@option("--fail-on", metavar="VERDICT[,VERDICT]", default="", help="Exit 1 if a claim is refuted, 2 if inconclusive.")
@junit_option
@option("--plain", is_flag=True, help="Plain lines instead of a live display.")
@results_option
def run(
    experiments: tuple[str, ...],
    workers: int,
    users: int,
    rate: float,
    duration: float | None,
    quick: bool,
    modes: tuple[str, ...],
    scenario: str,
    slice_s: float | None,
    blocks: int | None,
    faults: tuple[str, ...],
    repeat: int | None,
    seed: int,
    stack_kind: str,
    worker_cpus: float | None,
    fail_on: str,
    junit: Path | None,
    plain: bool,
    results: Path,
) -> int:
    """Run experiments: predictions are printed, then measured, then judged.

    Without a name the main comparison runs (three-modes). `authlab list` shows all experiments and groups.
    """
    from authlab.cli.watching import watching
    from authlab.experiments.base import SLICE_S, Options
    from authlab.lab.reporting import write_junit
    from authlab.lab.session import run_experiments

    problems = Problems()
    meant = modes_of(modes, problems)
    choice = choice_of(stack_kind, worker_cpus, problems, meant.own)
    options = Options(
        workers=workers,
        users=users,
        rate_rps=rate,
        slice_s=slice_s or SLICE_S,
        blocks=blocks,
        budget_s=duration or (QUICK_S if quick else DEFAULT_S),
        asked_s=duration,
        modes=meant.names,
        seed=seed,
        repeat=repeat if repeat is not None else 1 if quick else 2,
        faults=faults_of(faults, problems),
        quick=quick,
        own_modes=meant.own,
        scenario=scenario_of(scenario, problems),
    )
    chosen = _checked(experiments, options, fail_on, duration, junit, problems)
    command = ["authlab", *sys.argv[1:]]
    with watching(plain=plain) as listener:
        outcome = run_experiments(chosen, options, results=results, command=command, listener=listener, choice=choice)
    for line in outcome.summary:
        click.echo(line)
    click.echo(f"report: {os.path.relpath(outcome.report)}")
    if junit:
        write_junit(outcome.folder, junit)
    if outcome.run.status == "interrupted":
        return EXIT_INTERRUPTED
    verdicts = {result.verdict.value for result in outcome.run.experiments if result.verdict}
    return exit_code(verdicts, set(fail_on.split(",")), failed="refuted")


def _checked(
    names: tuple[str, ...],
    options: Options,
    fail_on: str,
    duration: float | None,
    junit: Path | None,
    problems: Problems,
) -> list[Experiment]:
    """The experiments meant; raises one `UsageProblem` with everything that is wrong with the call.

    `problems` are those that were found on the way to the `options`.
    """
    from authlab.experiments.catalogue import CHOSEN_FAULTS, DEFAULT, chosen

    found: list[Experiment] = []
    if options.faults and names:
        problems.add("--fault makes an experiment of its own: name either experiments or faults")
    if options.faults:
        found.append(CHOSEN_FAULTS)
    for name in names or (() if options.faults else (DEFAULT,)):
        with problems.collecting():
            found.extend(e for e in chosen((name,)) if e not in found)
    for value, text in (
        (options.workers, "--workers"),
        (options.users, "--users"),
        (options.rate_rps, "--rate"),
        (1 if options.blocks is None else options.blocks, "--blocks"),
    ):
        if not 0 < value < 1e9:
            problems.add(f"{text} must be above zero, not {value:g}")
    if options.quick and duration:
        problems.add("--quick and --for exclude each other: both say how long the run takes")
    if not 1 <= options.repeat <= MOST_REPEATS:
        problems.add(f"--repeat must be 1 to {MOST_REPEATS}, not {options.repeat}")
    if options.slice_s < 0.1:
        problems.add(f"--slice {options.slice_s:g}s is too short to measure anything: at least 0.1s")
    verdict_words(fail_on, ("refuted", "inconclusive"), problems)
    check_junit(junit, problems)
    _check_capacity(options, found, problems)
    problems.raise_if_any()
    return found


def _check_capacity(options: Options, found: list[Experiment], problems: Problems) -> None:
    if options.workers <= 0:
        return
    from authlab.experiments.faulted import FaultExperiment

    most = 0
    for experiment in found:
        most = max([most, *(stage.workers * len(stage.modes) for stage in experiment.stages(options))])
        if isinstance(experiment, FaultExperiment):
            with problems.collecting():
                most = max([most, *(stage.most_workers for stage in experiment.fault_stages(options))])
    if problem := too_many(most):
        problems.add(f"{problem}; use fewer --workers or fewer --mode")
