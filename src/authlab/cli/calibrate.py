"""`authlab calibrate`: plants known costs, and shows whether the lab finds them on this machine."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from authlab.cli.ci import check_junit, junit_option, verdict_words
from authlab.cli.ending import ended
from authlab.cli.run import check_capacity, check_numbers
from authlab.cli.stacking import choice_of, stack_options
from authlab.cli.values import DURATION, Problems, option, results_option

QUICK_S = 75.0
DEFAULT_S = 195.0
LEAST_S = 40.0
"""A shorter calibration would be over before its ten stacks had started."""


@click.command()
@option("--workers", type=int, default=1, show_default=True, help="Workers behind the proxy of each clone.")
@option("--users", type=int, default=50, show_default=True, help="Users of each clone.")
@option("--rate", type=float, default=300.0, show_default=True, help="Requests per second of all users together.")
@option("--for", "duration", type=DURATION, help="How long it may take: 90s, 10m.  [default: 3m15s]")
@option("--quick", is_flag=True, help="Take little more than a minute. The interval is wider and may not decide.")
@option("--blocks", type=int, help="Number of blocks of slices.  [default: as many as fit into --for]")
@option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Seed of schedules and orders.")
@stack_options
@option("--fail-on", metavar="VERDICT[,VERDICT]", default="", help="Exit 1 if it is refuted, 2 if inconclusive.")
@junit_option
@option("--plain", is_flag=True, help="Plain lines instead of a live display.")
@results_option
def calibrate(
    workers: int,
    users: int,
    rate: float,
    duration: float | None,
    quick: bool,
    blocks: int | None,
    seed: int,
    stack_kind: str,
    worker_cpus: float | None,
    fail_on: str,
    junit: Path | None,
    plain: bool,
    results: Path,
) -> int:
    """Add a known CPU time to requests, and see whether the lab finds it.

    Ten clones of the mode `none` are measured like modes. Six are alike; the others burn 20, 50, 100 and 200 µs of CPU
    more per request. What the lab finds per µs added must be 1 ± 0.15. Later runs on this machine cite the result.
    """
    from authlab.cli.watching import watching
    from authlab.experiments.catalogue import CALIBRATION
    from authlab.experiments.options import Options
    from authlab.lab.run import run_experiments

    problems = Problems()
    choice = choice_of(stack_kind, worker_cpus, problems)
    options = Options(
        workers=workers,
        users=users,
        rate_rps=rate,
        blocks=blocks,
        budget_s=duration or (QUICK_S if quick else DEFAULT_S),
        asked_s=duration,
        seed=seed,
        quick=quick,
    )
    wanted = verdict_words(fail_on, ("refuted", "inconclusive"), problems)
    check_junit(junit, problems)
    if quick and duration:
        problems.add("--quick and --for exclude each other: both set the length")
    if blocks is not None and duration:
        problems.add("--blocks and --for exclude each other: both set the length")
    if duration and duration < LEAST_S:
        problems.add(f"--for {duration:g}s is too short: ten stacks have to start first; give at least {LEAST_S:g}s")
    check_numbers(options, problems)
    check_capacity(options, [CALIBRATION], stack_kind, problems)
    problems.raise_if_any()
    command = ["authlab", *sys.argv[1:]]
    with watching(plain=plain) as listener:
        outcome = run_experiments(
            [CALIBRATION], options, results=results, command=command, listener=listener, choice=choice
        )
    return ended(outcome, wanted, junit)
