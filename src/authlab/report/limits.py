"""What a run can't tell, in sentences: derived from the run where the run shows it, stated where it never could."""

from __future__ import annotations

from collections.abc import Iterator

from authlab.checkers.guards import MIN_BLOCKS
from authlab.model.findings import YES_NO
from authlab.model.plan import Procedure
from authlab.report.report import Report
from authlab.report.words import count, inner


def limits_of(report: Report) -> list[str]:
    """Sentences about this run's limits, the gravest first."""
    parts = (_status, _trials, _procedures, _arms, _blocks, _sight, _tails, _always, _browser)
    return [limit for part in parts for limit in part(report)]


def _status(report: Report) -> Iterator[str]:
    run = report.run
    words = {
        "interrupted": "The run was interrupted: it shows what had been measured until then.",
        "running": "The run had not finished when this report was made.",
        "failed": f"The run failed: {run.failure or 'no reason was recorded'}.",
    }
    if run.status != "finished":
        yield words.get(run.status, f"The run's status is {run.status}.")


def _trials(report: Report) -> Iterator[str]:
    for experiment in report.experiments:
        for trial in experiment.trials:
            if not trial.valid:
                yield f"Trial {trial.id} is not valid: {'; '.join(trial.reasons) or 'no reason was recorded'}."


def _procedures(report: Report) -> Iterator[str]:
    for experiment in report.experiments:
        for plan in experiment.result.plans:
            if isinstance(plan.exercise, Procedure) and not plan.exercise.ended:
                yield (
                    f"The procedure of {experiment.result.id} was cut off after "
                    f"{count(len(plan.exercise.steps), 'step')}: its rule had not ended it."
                )


def _arms(report: Report) -> Iterator[str]:
    setups = [setup for setup in report.setups if setup.side_by_side]
    arms = [arm for setup in setups for arm in setup.arms]
    unproven = [arm.label for arm in arms for fault in arm.faults if not fault.proof]
    unchecked = list(dict.fromkeys(arm.label for arm in arms if not arm.checks))
    if unproven:
        names = ", ".join(f"`{label}`" for label in dict.fromkeys(unproven))
        yield f"Nothing proves that {count(len(unproven), 'fault')} of {names} took effect."
    if unchecked:
        yield f"No history was checked of {', '.join(f'`{label}`' for label in unchecked)}."
    if setups:
        yield (
            "Each fault came at one moment of one load. At another moment, under another load or for another length, "
            "other users would have been hit."
        )
        yield (
            "The load of an arm is one window: its seconds stand in for blocks in the charts, and what they show "
            "around a fault is no steady state. Shares of requests depend on how long the fault lasted in the whole."
        )


def _blocks(report: Report) -> Iterator[str]:
    setups = report.setups
    if any(setup.pseudo_blocks and not setup.side_by_side for setup in setups):
        yield (
            "A recording has no blocks: its seconds stand in for them. Its intervals show how much one trial "
            "swings within itself, not how much another day or another machine would differ."
        )
    least = min((n for setup in setups if not setup.pseudo_blocks for n in setup.blocks.values()), default=MIN_BLOCKS)
    if least < MIN_BLOCKS:
        yield (
            f"Some intervals rest on {count(least, 'block')} only; {MIN_BLOCKS} are wanted. "
            "A longer run (authlab run --for 10m) makes them narrower."
        )
    correlated = sorted({r.label for s in setups for r in (*s.refusals, *s.costs) if r.autocorrelated})
    if correlated:
        yield (
            f"Neighbouring blocks of {', '.join(correlated)} stayed alike even after merging (the machine drifted): "
            "their intervals are too narrow by an unknown amount."
        )


def _sight(report: Report) -> Iterator[str]:
    """Whether the intervals know about starts, and what the A/A pairs show."""
    compared = [setup for setup in report.setups if setup.ratios]
    if any(setup.tables.rounds < 2 for setup in compared):
        yield (
            "Its intervals do not know about starts: all its blocks are of one round, in which every worker was "
            "started once. Another start of the same worker may differ by some per cent. A run without --quick, and "
            "with blocks enough, has three rounds."
        )
    apart = dict.fromkeys(
        inner(section.title) for setup in compared for section in setup.ratios if section.twins_agree is False
    )
    if apart:
        yield (
            f"The A/A pair came out as different in {' and in '.join(apart)}, though both are the same. By chance this "
            "happens in one of 20 intervals. Do not rely on small differences of this run."
        )


def _tails(report: Report) -> Iterator[str]:
    tops = [setup.response.highest for setup in report.setups if setup.response.highest]
    if tops:
        beyond = report.setups[0].response.beyond
        yield f"Percentiles above {max(tops):.4g} are not shown: fewer than {beyond} requests lie beyond them."


def _always(report: Report) -> Iterator[str]:
    if not report.setups:
        return
    steady = not any(setup.side_by_side for setup in report.setups)
    yield (
        "Everything ran on one machine: a store across a network costs each request at least one round trip more "
        "than is seen here, and a busy neighbour would disturb all modes alike."
    )
    if steady:
        yield "One arrival rate was measured. What happens near capacity is another experiment."
    if report.run.stack != "recording":
        yield (
            "Plain HTTP on the loopback interface, with log-ins at a low hashing cost: TLS and log-in storms are "
            "not part of these figures."
            if steady
            else "Plain HTTP on the loopback interface: TLS is not part of these figures."
        )
    if report.run.stack == "compose":
        yield (
            "Each request enters through the program that publishes the proxy's port (docker-proxy). Its CPU time is "
            "in no part's figure; where it was measured it took about 0.13 ms a request, the same in every mode."
        )


def _browser(report: Report) -> Iterator[str]:
    if any(p.unit == YES_NO for experiment in report.experiments for p in experiment.result.predictions):
        seen = report.run.versions.get("chromium", "one Chromium")
        yield (
            f"One browser was asked: {seen}, without a window. Others keep other defaults: Firefox and Safari treat "
            "cookies without SameSite, and third-party cookies, in ways of their own."
        )
        yield (
            "The page and the API are authlab's own and deliberately weak: the answers are about browsers, not about "
            "your service."
        )
