"""The main comparison: sessions behind sticky routing, sessions in Redis, and JSON Web Tokens, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from authlab.experiments.evidence import Evidence
from authlab.experiments.expectation import Expectation, expect, expect_at_least
from authlab.experiments.experiment import StackExperiment
from authlab.experiments.measures import (
    FAILED,
    REFUSED,
    comparable,
    comparisons,
    failure_share,
    levels,
    observation,
    ratio_to,
    twin_observations,
)
from authlab.experiments.options import Options
from authlab.experiments.planning import FLOOR, against_floors
from authlab.experiments.tails import tail_observations
from authlab.experiments.until_precise import going_on_until
from authlab.experiments.verdicts import RUN_LONGER
from authlab.model.findings import Judgement, Observation, Verdict
from authlab.model.machine import MachineFacts
from authlab.model.modes import Mode
from authlab.model.plan import Arm, Plan
from authlab.model.windows import mode_of

MUCH_BETTER: Final = 1.5
"""A session must cost at least this many times a token's CPU per request for "much better" to hold."""

_SESSIONS: Final = ("sticky", "redis")
_TOKEN: Final = "jwt"  # noqa: S105  (a mode's name)
_MODES: Final = ("memory", *_SESSIONS, _TOKEN)
_CPU: Final = "cpu_us"


def expected_failure_share(mode: Mode, workers: int) -> tuple[float, str]:
    """Share of requests after log-in that are refused, and its formula.

    No request is refused if any worker can serve it. The other case is state in one worker's memory: with many users
    and round robin over N workers, one of N requests reaches the right worker.
    """
    if mode.traits.any_worker_serves:
        return 0.0, "0"
    return (workers - 1) / workers, "(N-1)/N"


def refused(arm: Arm, stage: str = "") -> Expectation:
    """A row: the share of requests refused under an interleaved arm follows from its traits."""
    value, formula = expected_failure_share(arm.mode, arm.workers)
    return expect(
        arm.label,
        REFUSED,
        value,
        failure_share(REFUSED),
        formula=formula,
        workers=arm.workers,
        stage=stage,
        remedy=RUN_LONGER,
    )


class ThreeModes(StackExperiment):
    """ "Stateless tokens scale much better than sessions"."""

    id = "three-modes"
    claim = "stateless tokens scale much better than sessions"
    summary = "sticky sessions, Redis sessions and JWT against no auth at all: failures, latency, CPU per request"
    telling = "differences"

    def plan(self, options: Options, machine: MachineFacts) -> list[Plan]:  # noqa: ARG002
        """All modes in one plan, beside `none` and its twin: comparisons need that floor."""
        plan = against_floors(options, _MODES)
        return [plan if options.until is None else going_on_until(plan, options, _leading(plan))]

    def rows(self, plans: Sequence[Plan]) -> list[Expectation]:
        """The failure shares have formulas, and "much better" has a rule."""
        arms = [arm for plan in plans for arm in plan.arms]
        return [
            *(refused(arm) for arm in arms if mode_of(arm.label) == arm.label),
            *(
                expect_at_least(
                    session,
                    f"{_CPU}_ratio",
                    MUCH_BETTER,
                    ratio_to(_TOKEN, _CPU),
                    formula=f"CPU per request of {session} / {_TOKEN} ≥ {MUCH_BETTER}",
                    rule=f'"much better" holds if a session costs at least {MUCH_BETTER} times a token',
                    workers=arms[0].workers if arms else None,
                    against=_TOKEN,
                    rests_on=(_TOKEN,),
                    remedy=RUN_LONGER,
                )
                for session in _SESSIONS
            ),
        ]

    def observe(self, evidence: Evidence) -> list[Observation]:
        """Other failures, times, CPU and tails of all modes, and how the modes compare with each other."""
        found: list[Observation] = []
        for data in evidence.plans:
            pairs = _pairs([label for label in comparable(data) if mode_of(label) == label])
            shares = {label: failure_share(FAILED)(evidence, label) for label in data.arms}
            found += [observation(data, label, FAILED, share) for label, share in shares.items() if share is not None]
            found += levels(data)
            found += comparisons(data, pairs)
            found += tail_observations(data, pairs)
            found += twin_observations(data)
        return found

    def verdict(self, judgements: Sequence[Judgement]) -> Verdict:
        """The claim's verdict comes from the CPU rule; the failure shares are reported beside it."""
        return _verdict(judgements)


EXPERIMENT: Final = ThreeModes()


def _pairs(modes: list[str]) -> list[tuple[str, str]]:
    """Each mode to `none`, each mode to those before it, and sessions to tokens."""
    found = [(mode, FLOOR) for mode in modes if mode != FLOOR and FLOOR in modes]
    found += [(a, b) for i, b in enumerate(modes) for a in modes[i + 1 :] if FLOOR not in (a, b)]
    found += [(session, _TOKEN) for session in _SESSIONS if {session, _TOKEN} <= set(modes)]
    return list(dict.fromkeys(found))


def _leading(plan: Plan) -> list[tuple[str, str]]:
    """The pairs on which the verdict rests: sessions to tokens or, if the plan lacks either, every mode to `none`."""
    modes = [arm.label for arm in plan.arms if mode_of(arm.label) == arm.label]
    found = [(session, _TOKEN) for session in _SESSIONS if {session, _TOKEN} <= set(modes)]
    return found or [(mode, FLOOR) for mode in modes if mode != FLOOR]


def _verdict(judgements: Sequence[Judgement]) -> Verdict:
    rules = [item for item in judgements if item.prediction.value is None]
    shares = [item for item in judgements if item.prediction.value is not None]
    met = sum(item.verdict.value == "confirmed" for item in shares)
    reasons = tuple(
        text
        for item in (*rules, *shares)
        if item in rules or item.verdict.value != "confirmed"
        for text in (item.verdict.summary, *item.verdict.reasons)
    )
    beside = f"failure shares as predicted in {met} of {len(shares)} modes"
    values = {item.verdict.value for item in rules}
    if not rules:
        return Verdict("inconclusive", f"sessions and tokens were not both measured; {beside}", reasons)
    if "refuted" in values:
        cheap = ", ".join(i.prediction.mode for i in rules if i.verdict.value == "refuted")
        return Verdict("refuted", f"{cheap}: less than {MUCH_BETTER} times the CPU of a token; {beside}", reasons)
    if "inconclusive" in values:
        return Verdict(
            "inconclusive",
            f"the run cannot decide whether a session costs {MUCH_BETTER} times the CPU of a token; {beside}",
            reasons,
        )
    return Verdict(
        "confirmed", f"every session costs at least {MUCH_BETTER} times the CPU of a token; {beside}", reasons
    )
