"""`authlab run`: it predicts experiments, and then measures them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from authlab.cli.arguments import faults_of, modes_of, precision_of, scenario_of
from authlab.cli.capacity import too_many, too_many_users
from authlab.cli.ci import check_junit, junit_option, verdict_words
from authlab.cli.ending import ended
from authlab.cli.idle_options import idle_options
from authlab.cli.stacking import check_timeout, choice_of, stack_options, timeout_option
from authlab.cli.values import DURATION, Problems, given_options, option, results_option

if TYPE_CHECKING:
    from authlab.experiments.experiment import Experiment
    from authlab.experiments.options import Options

_FAULT_HELP = "Inject a fault, e.g. crash-worker@10s or redis-latency=5ms@20s+10s (repeatable)."
_FOR_HELP = "How long the whole run may take: 45s, 10m, 1h.  [default: 2m55s; with --until: 10m]"
_REPEAT_HELP = "How many times a fault experiment runs, each with its own seed.  [default: 2, quick: 1]"
_UNTIL_HELP = "Measure until sessions against tokens is this precise, e.g. cpu=2% or p50=5%; ends after --for at most."
_QUICK_HELP = (
    "Run for less than 45 seconds, in one round in place of three. Its intervals do not know how much one start of a "
    "worker differs from another; the report says what else such a run cannot show."
)
QUICK_S = 42.0
DEFAULT_S = 175.0
UNTIL_S = 600.0
MOST_REPEATS = 100  # a day of fault experiments


@click.command()
@click.argument("experiments", nargs=-1, metavar="[EXPERIMENT or GROUP]…")
@option("--workers", type=int, default=3, show_default=True, help="Workers behind the proxy in each mode.")
@option("--users", type=int, default=50, show_default=True, help="Logged-in users in each mode.")
@option("--rate", type=float, default=300.0, show_default=True, help="Requests per second of all users together.")
@option(
    "--for",
    "duration",
    type=DURATION,
    help=_FOR_HELP,
)
@option("--until", metavar="QUANTITY=HALF-WIDTH", help=_UNTIL_HELP)
@option("--quick", is_flag=True, help=_QUICK_HELP)
@option("--mode", "modes", multiple=True, help="A mode or mode file to run (repeatable); `none` is always added.")
@option(
    "--scenario",
    default="browse",
    show_default=True,
    help="What users do: a shipped scenario's name, or a Locust file.",
)
@option("--slice", "slice_s", type=DURATION, help="Length of a slice of load.  [default: 0.25s]")
@option("--blocks", type=int, help="Number of blocks of slices.  [default: as many as fit into --for]")
@option("--fault", "faults", multiple=True, metavar="FAULT@START[+DURATION]", help=_FAULT_HELP)
@option("--repeat", type=int, help=_REPEAT_HELP)
@option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Seed of schedules and orders.")
@timeout_option
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
    until: str | None,
    quick: bool,
    modes: tuple[str, ...],
    scenario: str,
    slice_s: float | None,
    blocks: int | None,
    faults: tuple[str, ...],
    repeat: int | None,
    seed: int,
    store_timeout_s: float | None,
    stack_kind: str,
    worker_cpus: float | None,
    fail_on: str,
    junit: Path | None,
    plain: bool,
    results: Path,
) -> int:
    """Run experiments: predict, measure, and judge the predictions.

    Without a name the main comparison (three-modes) runs. `authlab list` shows all experiments and groups.
    """
    from authlab.cli.watching import watching
    from authlab.experiments.options import SLICE_S, Options
    from authlab.lab.run import run_experiments

    problems = Problems()
    asked = modes_of(modes, problems)
    choice = choice_of(stack_kind, worker_cpus, problems, asked)
    check_timeout(store_timeout_s, problems)
    options = Options(
        workers=workers,
        users=users,
        rate_rps=rate,
        slice_s=slice_s or SLICE_S,
        blocks=blocks,
        budget_s=duration or (QUICK_S if quick else UNTIL_S if until else DEFAULT_S),
        asked_s=duration,
        modes=asked,
        seed=seed,
        repeat=repeat if repeat is not None else 1 if quick else 2,
        faults=faults_of(faults, problems),
        quick=quick,
        scenario=scenario_of(scenario, problems),
        until=precision_of(until, problems),
        store_timeout_s=store_timeout_s,
    )
    chosen = _checked(experiments, options, fail_on, duration, junit, choice.kind, problems)
    for caution in _cautions(options):
        click.echo(caution, err=True)
    command = ["authlab", *sys.argv[1:]]
    with watching(plain=plain) as listener:
        outcome = run_experiments(chosen, options, results=results, command=command, listener=listener, choice=choice)
    return ended(outcome, set(fail_on.split(",")), junit)


def _checked(
    names: tuple[str, ...],
    options: Options,
    fail_on: str,
    duration: float | None,
    junit: Path | None,
    kind: str,
    problems: Problems,
) -> list[Experiment]:
    """The experiments that the user chose. Raises one `UsageProblem` with all problems of the call.

    `problems` holds those that were found while `options` was made.
    """
    from authlab.experiments.catalogue import CHOSEN_FAULTS, DEFAULT, EXPERIMENTS, chosen

    found: list[Experiment] = []
    if options.faults and names:
        problems.add("--fault is an experiment of its own: give either experiments or --fault")
    if options.faults:
        found.append(CHOSEN_FAULTS)
    for name in names or (() if options.faults else (DEFAULT,)):
        with problems.collecting():
            found.extend(e for e in chosen((name,)) if e not in found)
    check_numbers(options, problems)
    if options.until and found != [EXPERIMENTS[DEFAULT]]:
        problems.add(f"--until works only with {DEFAULT}: leave out other experiments and --fault")
    if options.until and options.blocks:
        problems.add("--until and --blocks exclude each other: both set the number of blocks")
    if options.quick and (duration or options.until):
        other = "--for" if duration else "--until"
        problems.add(f"--quick and {other} exclude each other: both set the length of the run")
    if not 1 <= options.repeat <= MOST_REPEATS:
        problems.add(f"--repeat must be 1 to {MOST_REPEATS}, not {options.repeat}")
    if options.slice_s < 0.1:
        problems.add(f"--slice {options.slice_s:g}s is too short to measure anything: at least 0.1s")
    verdict_words(fail_on, ("refuted", "inconclusive"), problems)
    check_junit(junit, problems)
    if found and options.workers > 0 and options.users > 0 and options.rate_rps > 0:
        for idle in idle_options(given_options(), options, found):
            problems.add(idle)
    check_capacity(options, found, kind, problems)
    problems.raise_if_any()
    return found


def check_numbers(options: Options, problems: Problems) -> None:
    """Add a problem for each number that must be above zero and is not."""
    for value, text in (
        (options.workers, "--workers"),
        (options.users, "--users"),
        (options.rate_rps, "--rate"),
        (1 if options.blocks is None else options.blocks, "--blocks"),
    ):
        if not 0 < value < 1e9:
            problems.add(f"{text} must be above zero, not {value:g}")


def check_capacity(options: Options, found: Sequence[Experiment], kind: str, problems: Problems) -> None:
    """Add the problems that planning finds, and those of workers or users that do not fit into this machine."""
    if options.workers <= 0:
        return
    from authlab.lab.machine import machine_facts

    most = users = 0
    for experiment in found:
        with problems.collecting():
            plans = experiment.plan(options, machine_facts())
            most = max([most, *(plan.most_workers for plan in plans)])
            users = max([users, *(arm.users for plan in plans for arm in plan.arms)])
    if problem := too_many(most):
        problems.add(f"{problem}; use fewer --workers or fewer modes")
    if (problem := too_many_users(users, kind)) is not None:
        problems.add(problem)


def _cautions(options: Options) -> list[str]:
    """What the chosen faults can only lead to, said before anything starts."""
    from authlab.faults.catalogue import FAULTS
    from authlab.model.session_store import TIMEOUT_S

    limit_s = options.store_timeout_s or TIMEOUT_S
    return [said for fault in options.faults if (said := FAULTS[fault.kind].caution(fault, limit_s))]
