"""How a run was measured, in the words of the report, with the run's own numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from authlab.model.calibration import Calibration
from authlab.model.findings import YES_NO
from authlab.model.plan import Interleaved, Plan, Procedure
from authlab.report.report import Report
from authlab.report.setups import Setup
from authlab.report.words import count, number, stopped


@dataclass(frozen=True)
class Point:
    """One point of the method, in prose."""

    term: str
    text: str


_PREDICTED: Final = Point(
    "Predicted first",
    "Each prediction is a formula of the parameters, stored before the first request. It is confirmed if the whole "
    "95 % interval lies within prediction ± margin, refuted if it lies wholly outside, else inconclusive.",
)
_ASKED: Final = Point(
    "In a real browser",
    "Each question is answered yes or no, and each answer was predicted before anything ran, from the place's "
    "attributes by the web's own rules. What was seen comes from the API's own record, the victim's cart and the loot "
    "that reached the attacker, not from the page's word. A “no” counts only where the same attack was seen to work in "
    "its positive control; an attack that did not run is inconclusive.",
)
_RECORDING: Final = Point(
    "A recording",
    "Plain Locust against one address, without the lab's blocks: each second of it stands in for a block.",
)
_FAULTS: Final = Point(
    "Faults",
    "Each fault has a proof that it took effect, measured and not assumed; without one nothing follows from the trial. "
    "It ends when its cause was gone, as far as that was seen.",
)
_HISTORIES: Final = Point(
    "Histories",
    "Every request of an arm is kept, log-ins and time-outs too, and checkers read the whole history: no log-out that "
    "nobody asked for, no use after log-out, no mixed identities, no lost update, availability. A request without an "
    "answer may have happened or not, and proves neither. What is predicted of users is counted in users, not in "
    "requests, pooled over the repetitions.",
)
_RESPONSE: Final = Point(
    "Response time",
    "Service time plus the queueing that the schedule implies (Lindley's recursion per user), so that a stall is "
    "charged to everyone it delayed. The generator's own lateness is reported apart and reaches no one's latency.",
)
_STARTS: Final = Point(
    "Starts",
    "What a start gives a process, such as its memory layout, stays with it, and no number of blocks shows it. The "
    "variance between starts comes from the residuals of label + round over all labels. It is part of the intervals of "
    "costs, response times, ratios and differences, with Satterthwaite's degrees of freedom. A share of requests has "
    "no part of it: routing decides that, not what a process costs.",
)
_COUNTS_OF_ARMS: Final = Point(
    "What counts",
    "Charts of response time and tables of refusals show requests after a successful log-in, outside of warm-up. "
    "Whether users log in again after a refusal is part of each arm.",
)
_COUNTS: Final = Point(
    "What counts",
    "Requests after a successful log-in, outside of warm-up. A user whose credential is refused does not log in again "
    "in steady-state experiments: that would change what is measured.",
)


def method_of(report: Report) -> list[Point]:
    """The points, in the order of reading."""
    asked = any(p.unit == YES_NO for experiment in report.experiments for p in experiment.result.predictions)
    setups = report.setups
    if not setups:
        return [_ASKED if asked else _PREDICTED]
    beside = [setup for setup in setups if setup.side_by_side]
    steady = [setup for setup in setups if not setup.side_by_side]
    recording = all(setup.pseudo_blocks for setup in setups)
    points = [_PREDICTED, _arrivals(report, steady)]
    if steady:
        points += [_RECORDING] if recording else [_blocks(steady), *_procedures(steady)]
    points += [_side_by_side(report), _FAULTS, _HISTORIES] if beside else []
    points += [_RESPONSE, _interval(recording)]
    points += [_STARTS] if any(setup.tables.rounds > 1 for setup in steady) else []
    points += [_ASKED] if asked else []
    if any(setup.costs for setup in setups):
        points.append(_cpu(report, beside))
    points.append(_COUNTS if steady else _COUNTS_OF_ARMS)
    if report.run.calibration:
        points.append(_calibration(report.run.calibration))
    return points


def _calibration(cited: Calibration) -> Point:
    low, high = cited.interval
    return Point(
        "Calibration",
        f"The lab was calibrated on this machine on {cited.at[:10]} (`{cited.run}`, {cited.verdict}). CPU time was "
        f"added to the requests of clones of `none`. The lab found {cited.slope:.3f} [{low:.3f}, {high:.3f}] µs per µs "
        f"added. Of {count(cited.pairs, 'pair')} of alike clones it found {cited.false_differences} to differ.",
    )


def _side_by_side(report: Report) -> Point:
    # Arms of one experiment may stand one after the other, as in storm-metastable: what counts is one arm's own times.
    stood = [Counter(arm.label for setup in e.setups for arm in setup.arms) for e in report.experiments]
    repeats = max((max(labels.values(), default=1) for labels in stood), default=1)
    again = f" The whole was done {count(repeats, 'time')}, each with a seed of its own." if repeats > 1 else ""
    return Point(
        "Arms side by side",
        "The arms of a stage stand at the same time, each with a stack, users, load and faults of its own, on one "
        f"schedule and with one seed.{again}",
    )


def _arrivals(report: Report, steady: list[Setup]) -> Point:
    rate, users = report.run.parameters.get("rate_rps"), report.run.parameters.get("users")
    plans = [setup.plan for setup in (steady or report.setups) if setup.plan]
    if plans:
        rate, users = plans[0].arms[0].rate_rps, plans[0].arms[0].users
    load = f"{number(rate)} requests/s by {count(users, 'user')}" if rate and users else "Requests"
    lost = "An arrival that could never be sent is counted."
    if steady:
        same = "sent on a Poisson schedule that does not wait for answers and is the same for every mode of a block"
        return Point("Open loop", f"{load}, {same}. {lost}")
    load += " in each arm" if rate and users else ""
    same = "unless an arm says otherwise, sent on a Poisson schedule that does not wait for answers"
    return Point("Open loop", f"{load}, {same}. {lost}")


def interleaved(plan: Plan | None) -> list[Interleaved]:
    """The interleaved load of a plan, step by step; empty where it has none."""
    if plan is None:
        return []
    held = plan.exercise
    exercises = [step.exercise for step in held.steps] if isinstance(held, Procedure) else [held]
    return [exercise for exercise in exercises if isinstance(exercise, Interleaved)]


def _blocks(steady: list[Setup]) -> Point:
    found = next((held for setup in steady if (held := interleaved(setup.plan))), [])
    how_many = f"{count(sum(e.blocks for e in found), 'block')} of {found[0].slice_s:g} s slices" if found else "Blocks"
    rounds = max((len(setup.plan.rounds) for setup in steady if setup.plan), default=1)
    begun = (
        f" They are divided over {count(rounds, 'round')}: for each, every stack is started afresh and its users log "
        "in anew."
        if rounds > 1
        else ""
    )
    twin = " Two stacks of `none` are measured (the A/A pair)." if any(_has_twin(setup) for setup in steady) else ""
    return Point(
        "Interleaved blocks",
        f"{how_many}: all stacks stay up side by side, and each block loads every mode once, in shuffled order.{twin}"
        f"{begun} The first part of each slice is warm-up and is not counted.",
    )


def _has_twin(setup: Setup) -> bool:
    return any(section.twin is not None for section in setup.ratios)


def _procedures(steady: list[Setup]) -> list[Point]:
    """What went on step by step, and why it ended."""
    held = [setup.plan.exercise for setup in steady if setup.plan and isinstance(setup.plan.exercise, Procedure)]
    return [
        Point(
            "Step by step",
            f"The rule `{procedure.rule}` was stored before the first step. The run went on for "
            f"{count(len(procedure.steps), 'step')}"
            + (f", until: {stopped(procedure.ended)}" if procedure.ended else "; it was cut off."),
        )
        for procedure in held
    ]


def _interval(recording: bool) -> Point:
    unit = "seconds" if recording else "blocks"
    return Point(
        "Intervals",
        f"95 %, over {unit}, never over single requests: Student's t on per-block values, log-ratios and differences; "
        "neighbours are merged while their lag-1 autocorrelation is positive. Percentiles pool the requests of "
        "resampled blocks. A share of exactly 0 has the exact binomial bound.",
    )


def _cpu(report: Report, beside: list[Setup]) -> Point:
    pinning = report.run.machine.get("pinning")
    where = ""
    if isinstance(pinning, dict) and pinning.get("generator") and pinning.get("stack"):
        where = " The generator and the stack were pinned to different cores."
    if any(setup.costs for setup in beside):
        where += (
            " Arms side by side are read about once a second; a reading in which a process died and came back is left "
            "out."
        )
    return Point(
        "CPU per request",
        "Read from the processes' own CPU clocks at both ends of a slice's measured part, divided by the requests that "
        f"were done between.{where}",
    )
