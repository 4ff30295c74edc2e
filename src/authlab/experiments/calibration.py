"""Does the lab find the CPU time that was added, and nothing where nothing was added? `authlab calibrate`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from authlab.experiments.evidence import Evidence, PlanData
from authlab.experiments.expectation import Expectation, Measured, expect
from authlab.experiments.experiment import StackExperiment
from authlab.experiments.measures import difference_to, levels, observation, ratio_to
from authlab.experiments.options import Options
from authlab.experiments.planning import FLOOR, compared, steady
from authlab.experiments.verdicts import RUN_LONGER
from authlab.model.calibration import Calibration
from authlab.model.findings import Judgement, Observation, Prediction, Verdict
from authlab.model.machine import MachineFacts
from authlab.model.modes import MODES
from authlab.model.plan import Plan
from authlab.model.run import Run
from authlab.stats.intervals import TRIM, trimmed_mean
from authlab.stats.lines import slope_over_rounds
from authlab.stats.rounds import ROUND

ADDED_US: Final = (20, 50, 100, 200)
"""CPU time that is added to every request of a clone, in microseconds."""

ALIKE: Final = 6
"""Clones to which nothing is added: 15 pairs that must not differ."""

MARGIN: Final = 0.15
SLOPE: Final = "cpu_found_per_cpu_added"
DIFFERENCE: Final = "cpu_us_difference"
FALSE_DIFFERENCES: Final = "false_differences"

_CPU: Final = "cpu_us"
_SETTING: Final = "AUTHLAB_EXTRA_CPU_US"
_ALIKE: Final = (FLOOR, *(f"clone-{number}" for number in range(2, ALIKE + 1)))
_ZERO: Final = _ALIKE[1]
_DEARER: Final = {f"plus-{added}us": added for added in ADDED_US}


class CalibrationRun(StackExperiment):
    """The lab finds the CPU time per request that was added, and no other."""

    id = "calibration"
    claim = "the lab finds the CPU time that was added to a request, and finds none where none was added"
    summary = "clones of none with 0 to 200 µs of extra CPU per request: does the lab find just that?"
    holds = "the lab found the CPU time that was added, and none where none was added"
    fails = "the lab did not find the CPU time that was added, or found some where none was added"
    telling = "differences"

    def plan(self, options: Options, machine: MachineFacts) -> list[Plan]:  # noqa: ARG002
        """All clones in one plan, measured as every comparison of costs is."""
        clones = [steady(options, MODES[FLOOR], label=label) for label in (*_ALIKE, *_DEARER)]
        # Clones to which nothing is added have the setting, too: they differ from the others in the time alone.
        clones = [replace(clone, settings={_SETTING: f"{added_us(clone.label):g}"}) for clone in clones]
        return [compared(options, "main", clones)]

    def rows(self, plans: Sequence[Plan]) -> list[Expectation]:  # noqa: ARG002
        """The slope over the added time is 1, and a clone to which nothing was added differs by nothing."""
        none_added = Prediction(
            _ZERO, DIFFERENCE, "0", None, against=FLOOR, rule="nothing was added: the interval holds 0"
        )
        return [
            expect(
                FLOOR,
                SLOPE,
                1.0,
                _slope,
                formula="1 (found per added)",
                margin=MARGIN,
                rests_on=(*_ALIKE[1:], *_DEARER),
                remedy=RUN_LONGER,
            ),
            Expectation(
                _ZERO,
                DIFFERENCE,
                difference_to(FLOOR, _CPU),
                none_added,
                rests_on=(FLOOR,),
                against=FLOOR,
                remedy=RUN_LONGER,
                judge=_judge_nothing,
            ),
        ]

    def observe(self, evidence: Evidence) -> list[Observation]:
        """How many of the alike pairs were found to differ, what was found in each clone, and CPU and times of all."""
        found: list[Observation] = []
        for data in evidence.plans:
            if (pairs := _false_differences(evidence)) is not None:
                found.append(observation(data, FLOOR, FALSE_DIFFERENCES, pairs))
            for label in (*_ALIKE[1:], *_DEARER):
                number = difference_to(FLOOR, _CPU)(evidence, label)
                if number is not None:
                    note = f"{_DEARER.get(label, 0)} µs were added"
                    number = replace(number, note="; ".join(filter(None, (note, number.note))))
                    found.append(observation(data, label, DIFFERENCE, number, FLOOR))
            found += levels(data)
        return found

    def verdict(self, judgements: Sequence[Judgement]) -> Verdict:
        """As of any experiment whose rows must all hold, with the slope in its summary."""
        found = super().verdict(judgements)
        seen = next((item.observation for item in judgements if item.prediction.quantity == SLOPE), None)
        if seen is None or seen.value is None or seen.interval is None:
            return found
        low, high = seen.interval
        return replace(found, summary=f"{found.summary}: {seen.value:.3f} [{low:.3f}, {high:.3f}] found per µs added")


EXPERIMENT: Final = CalibrationRun()


def added_us(label: str) -> float:
    """The CPU time in microseconds that was added to each request of the clone of that label."""
    return float(_DEARER.get(label, 0))


def calibration_of(run: Run) -> Calibration | None:
    """What a run says as a calibration; None if it is none, did not finish, or came to no verdict.

    A calibration that is inconclusive, for instance since the machine was busy, says nothing of the machine.
    """
    result = next((item for item in run.experiments if item.id == EXPERIMENT.id), None)
    if run.status != "finished" or result is None or result.verdict is None:
        return None
    seen = {item.quantity: item for item in result.observations if item.mode == FLOOR}
    slope, false = seen.get(SLOPE), seen.get(FALSE_DIFFERENCES)
    if result.verdict.value == "inconclusive" or slope is None or slope.value is None or slope.interval is None:
        return None
    pairs = false.samples if false else 0
    wrong = round((false.value or 0.0) * pairs) if false else 0
    return Calibration(run.id, run.started_at, result.verdict.value, slope.value, slope.interval, wrong, pairs)


def cells(data: PlanData, labels: Sequence[str], quantity: str = _CPU) -> npt.NDArray[np.float64]:
    """Each label's mean in each round (row), as its difference to the mean of all of them in the same block.

    Means are trimmed as everywhere. Rounds with fewer than two blocks in which all labels were measured are left out.
    """
    rows = data.table.filter(pl.col("label").is_in(list(labels)) & (pl.col(quantity) > 0))
    wide = rows.pivot("label", index=["block", ROUND], values=quantity).sort("block")
    if not set(labels) <= set(wide.columns):
        return np.empty((0, len(labels)))
    whole = wide.drop_nulls(list(labels))
    values = whole.select(labels).to_numpy()
    values = values - values.mean(axis=1, keepdims=True)
    rounds = whole[ROUND].to_numpy()
    kept = [values[rounds == one] for one in np.unique(rounds) if (rounds == one).sum() >= 2]
    return np.array([[trimmed_mean(part[:, n], TRIM)[0] for n in range(len(labels))] for part in kept])


def _slope(evidence: Evidence, label: str) -> Measured | None:  # noqa: ARG001 - it is that of all clones together
    labels = (*_ALIKE, *_DEARER)
    for data in evidence.plans:
        found = cells(data, labels)
        if len(found):
            line = slope_over_rounds(np.array([added_us(name) for name in labels]), found)
            rows = data.table.filter(pl.col("label").is_in(labels))
            note = f"a line through {len(labels)} clones in {len(found)} round{'s' if len(found) > 1 else ''}"
            blocks = rows["block"].n_unique()
            return Measured(line.value, (line.low, line.high), blocks, int(rows["requests"].sum()), "us/us", note)
    return None


def _false_differences(evidence: Evidence) -> Measured | None:
    """The share of the pairs of alike clones whose ratio has an interval that leaves out 1; `samples` is the number of
    pairs."""
    pairs = list(combinations(_ALIKE, 2))
    ratios = [ratio_to(against, _CPU)(evidence, label) for against, label in pairs]
    ends = [ratio.interval for ratio in ratios if ratio is not None and ratio.interval is not None]
    if not ends:
        return None
    wrong = differing(ends, 1.0)
    blocks = min(ratio.blocks for ratio in ratios if ratio is not None)
    note = f"{wrong} of {len(ends)} pairs of alike clones seem to differ; at 95 % one in twenty would by chance"
    return Measured(wrong / len(ends), None, blocks, len(ends), "share", note)


def differing(intervals: Sequence[tuple[float, float]], truth: float) -> int:
    """How many of the intervals leave out the truth."""
    return sum(not low <= truth <= high for low, high in intervals)


def _judge_nothing(
    prediction: Prediction, observed: Observation | None, doubts: Sequence[str] = (), remedy: str = RUN_LONGER
) -> Judgement:
    """Judge "nothing was added": confirmed if the interval holds 0, refuted if it does not."""
    name = f"CPU per request of {prediction.mode} compared with {prediction.against}"
    if observed is None or observed.value is None or observed.interval is None:
        verdict = Verdict("inconclusive", f"{name} was not measured", tuple(doubts) or (remedy,))
        return Judgement(prediction, observed, verdict)
    low, high = observed.interval
    seen = f"{name}: {observed.value:+.3g} [{low:+.3g}, {high:+.3g}] µs, and nothing was added"
    if doubts:
        return Judgement(
            prediction, observed, Verdict("inconclusive", f"{seen}, but the trial is in doubt", (*doubts,))
        )
    return Judgement(prediction, observed, Verdict("refuted" if differing([(low, high)], 0.0) else "confirmed", seen))
