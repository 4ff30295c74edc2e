"""`authlab run`: experiments, predicted and then measured."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from authlab.cli.values import DURATION, Problems, results_option
from authlab.model.errors import EXIT_INCONCLUSIVE, EXIT_INTERRUPTED, EXIT_OK, EXIT_REFUTED, nearest

if TYPE_CHECKING:
    from authlab.experiments.base import Experiment, Options
    from authlab.model.run import Run

_WORKER_BYTES = 60 * 1024**2
"""Resident memory of one gunicorn instance with the service, rounded up."""

SLICE_S = 1.0
QUICK_SLICE_S = 0.5
"""Shorter slices make more blocks of the little time that there is."""

QUICK_S = 42.0
DEFAULT_S = 175.0


@click.command()
@click.argument("experiments", nargs=-1, metavar="[EXPERIMENT or GROUP]…")
@click.option("--workers", type=int, default=3, show_default=True, help="Workers behind the proxy in each mode.")
@click.option("--users", type=int, default=50, show_default=True, help="Logged-in users in each mode.")
@click.option("--rate", type=float, default=300.0, show_default=True, help="Requests per second, all users together.")
@click.option(
    "--for", "duration", type=DURATION, help="How long the whole run may take: 45s, 10m, 1h.  [default: 2m55s]"
)
@click.option("--quick", is_flag=True, help="Under 45 seconds; the report says what it therefore can't tell.")
@click.option("--mode", "modes", multiple=True, help="Only these modes (repeatable); controls are added.")
@click.option("--slice", "slice_s", type=DURATION, help="Length of a slice of load.  [default: 1s, with --quick 0.5s]")
@click.option("--blocks", type=int, help="Blocks of slices, instead of as many as fit into --for.")
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of schedules and orders.")
@click.option(
    "--fail-on", metavar="VERDICT[,VERDICT]", default="", help="Exit 1 if a claim is refuted, 2 if inconclusive."
)
@click.option("--plain", is_flag=True, help="Plain lines instead of a live display.")
@results_option
def run(
    experiments: tuple[str, ...],
    workers: int,
    users: int,
    rate: float,
    duration: float | None,
    quick: bool,
    modes: tuple[str, ...],
    slice_s: float | None,
    blocks: int | None,
    seed: int,
    fail_on: str,
    plain: bool,
    results: Path,
) -> int:
    """Run experiments: predictions are printed, then measured, then judged.

    Without a name the main comparison runs (three-modes). `authlab list` shows all experiments and groups.
    """
    from authlab.cli.watching import watching
    from authlab.experiments.base import Options
    from authlab.lab.session import run_experiments

    options = Options(
        workers=workers,
        users=users,
        rate_rps=rate,
        slice_s=slice_s or (QUICK_SLICE_S if quick else SLICE_S),
        blocks=blocks,
        budget_s=duration or (QUICK_S if quick else DEFAULT_S),
        asked_s=duration,
        modes=modes,
        seed=seed,
        quick=quick,
    )
    chosen = _checked(experiments, options, fail_on, duration)
    command = ["authlab", *sys.argv[1:]]
    with watching(plain=plain) as listener:
        outcome = run_experiments(chosen, options, results=results, command=command, listener=listener)
    for line in outcome.summary:
        click.echo(line)
    click.echo(f"report: {os.path.relpath(outcome.report)}")
    if outcome.run.status == "interrupted":
        return EXIT_INTERRUPTED
    return _verdict_code(outcome.run, fail_on)


def _checked(names: tuple[str, ...], options: Options, fail_on: str, duration: float | None) -> list[Experiment]:
    """The experiments meant; raises one `UsageProblem` with everything that is wrong with the call."""
    from authlab.experiments.catalogue import DEFAULT, chosen
    from authlab.model.modes import mode_named

    problems = Problems()
    found: list[Experiment] = []
    for name in names or (DEFAULT,):
        with problems.collecting():
            found.extend(e for e in chosen((name,)) if e not in found)
    for name in options.modes:
        with problems.collecting():
            mode_named(name)
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
    if options.slice_s < 0.1:
        problems.add(f"--slice {options.slice_s:g}s is too short to measure anything: at least 0.1s")
    for word in filter(None, fail_on.split(",")):
        if word not in ("refuted", "inconclusive"):
            with problems.collecting():
                raise nearest("verdict for --fail-on", word, ("refuted", "inconclusive"))
    _check_capacity(options, found, problems)
    problems.raise_if_any()
    return found


def _check_capacity(options: Options, found: list[Experiment], problems: Problems) -> None:
    import psutil

    if options.workers <= 0:
        return
    most = max((s.workers * len(s.modes) for e in found for s in e.stages(options)), default=0)
    room = psutil.virtual_memory().available
    if most * _WORKER_BYTES > room:
        problems.add(
            f"{most} workers at once want about {most * _WORKER_BYTES // 1024**2} MiB, "
            f"{room // 1024**2} are free; use fewer --workers or fewer --mode"
        )


def _verdict_code(run: Run, fail_on: str) -> int:
    verdicts = {result.verdict.value for result in run.experiments if result.verdict}
    wanted = set(fail_on.split(","))
    if "refuted" in verdicts & wanted:
        return EXIT_REFUTED
    if "inconclusive" in verdicts & wanted:
        return EXIT_INCONCLUSIVE
    return EXIT_OK
