"""The main comparison: sessions behind sticky routing, sessions in Redis, and JSON Web Tokens, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from authlab.experiments.base import Experiment, Options, Stage, StageData
from authlab.experiments.measures import (
    FLOOR,
    aa_observations,
    aa_results,
    comparisons,
    failure_shares,
    levels,
    table_of,
)
from authlab.experiments.planning import blocks_within, stage_of
from authlab.experiments.tails import tail_observations
from authlab.experiments.verdicts import judge_at_least, judge_value
from authlab.model.findings import ExperimentResult, Judgement, Observation, Prediction, Verdict
from authlab.model.modes import Mode
from authlab.model.windows import AGAIN

MUCH_BETTER: Final = 1.5
"""A session must cost at least this many times a token's CPU per request for "much better" to hold."""

_SESSIONS: Final = ("sticky", "redis")
_TOKEN: Final = "jwt"  # noqa: S105  (a mode's name)
_LABELS: Final = (FLOOR, FLOOR + AGAIN, "memory", "sticky", "redis", "jwt")


def expected_failure_share(mode: Mode, workers: int) -> tuple[float, str]:
    """Share of requests after log-in that are refused, and its formula.

    Where any worker can serve, none. Where state lies in one worker's memory and requests are dealt round
    robin to N workers, many interleaved users reach the right one in one of N cases.
    """
    if mode.traits.any_worker_serves:
        return 0.0, "0"
    return (workers - 1) / workers, "(N-1)/N"


class ThreeModes:
    """ "Stateless tokens scale much better than sessions"."""

    id = "three-modes"
    claim = "stateless tokens scale much better than sessions"
    summary = "sticky sessions, Redis sessions and JWT against no auth at all: failures, latency, CPU per request"

    def stages(self, options: Options) -> list[Stage]:
        """One stage: all modes side by side, `none` twice per block."""
        labels = _labels(options)
        blocks = options.blocks or blocks_within(options.budget_s, len(labels), options.slice_s, options.gap_s)
        return [stage_of(options, "main", options.workers, labels, blocks, options.slice_s)]

    def predictions(self, options: Options) -> list[Prediction]:
        """Failure shares by formula; "much better" by its rule."""
        modes = _modes(options)
        found = []
        for mode in modes:
            share, formula = expected_failure_share(options.mode(mode), options.workers)
            found.append(Prediction(mode, "auth_failure_share", formula, share, workers=options.workers))
        if _TOKEN in modes:
            found.extend(
                Prediction(
                    session,
                    "cpu_us_ratio",
                    f"CPU per request of {session} / {_TOKEN} ≥ {MUCH_BETTER}",
                    None,
                    workers=options.workers,
                    against=_TOKEN,
                    rule=f'"much better" holds if a session costs at least {MUCH_BETTER} times a token',
                )
                for session in _SESSIONS
                if session in modes
            )
        return found

    def judge(self, predictions: Sequence[Prediction], data: Sequence[StageData]) -> ExperimentResult:
        """Failure shares against their formula; the claim by the CPU ratio of sessions to tokens."""
        stage = data[0]
        table = table_of(stage)
        modes = list(stage.frames)
        pairs = [(mode, FLOOR) for mode in modes if mode != FLOOR and FLOOR in modes]
        pairs += [(a, b) for i, b in enumerate(modes) for a in modes[i + 1 :] if FLOOR not in (a, b)]
        pairs += [(session, _TOKEN) for session in _SESSIONS if {session, _TOKEN} <= set(modes)]
        pairs = list(dict.fromkeys(pairs))
        aa = aa_results(table)
        observations = [
            *failure_shares(stage, table),
            *levels(stage, table),
            *comparisons(stage, table, pairs),
            *tail_observations(stage, pairs),
            *aa_observations(aa, stage, table),
        ]
        aa_doubts = tuple(
            f"the A/A pair of `none` differs by up to {result.smallest_effect:.1%} in CPU per request "
            f"(margin {result.margin:.0%}): the machine was too restless; run again, or longer with --for"
            for quantity, result in aa.items()
            if quantity == "cpu_us" and not result.passed
        )
        judgements = [
            judge_value(p, _find(observations, p), stage.invalid.get(p.mode, ()))
            if p.value is not None
            else judge_at_least(
                p,
                _find(observations, p),
                MUCH_BETTER,
                (*stage.invalid.get(p.mode, ()), *stage.invalid.get(_TOKEN, ()), *aa_doubts),
            )
            for p in predictions
        ]
        return ExperimentResult(
            self.id, self.claim, tuple(predictions), tuple(observations), tuple(judgements), _verdict(judgements)
        )


EXPERIMENT: Final[Experiment] = ThreeModes()


def _modes(options: Options) -> tuple[str, ...]:
    return tuple(label for label in _labels(options) if not label.endswith(AGAIN))


def _labels(options: Options) -> tuple[str, ...]:
    """The labels of a block. `none` and its twin are always in: without a floor nothing can be compared."""
    if not options.modes:
        return _LABELS
    return (FLOOR, FLOOR + AGAIN, *(mode for mode in options.modes if mode != FLOOR))


def _find(observations: Sequence[Observation], prediction: Prediction) -> Observation | None:
    wanted = (prediction.mode, prediction.quantity, prediction.against)
    return next((o for o in observations if (o.mode, o.quantity, o.against) == wanted), None)


def _verdict(judgements: Sequence[Judgement]) -> Verdict:
    """The claim's verdict comes from the CPU rule; the failure shares are told beside it."""
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
            "inconclusive", f"the run cannot tell whether a session costs {MUCH_BETTER} tokens; {beside}", reasons
        )
    return Verdict(
        "confirmed", f"every session costs at least {MUCH_BETTER} times the CPU of a token; {beside}", reasons
    )
