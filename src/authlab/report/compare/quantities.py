"""The quantities in which runs are compared: where they stand in reports, and when they may be."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from authlab.report.compare.circumstances import loads_differ, machines_differ, plans_differ
from authlab.report.estimates import Estimate
from authlab.report.report import Report
from authlab.report.setups import Setup
from authlab.report.words import inner, quantity_title

Rows = dict[str, Estimate]
"""Estimates of one setup by label."""


@dataclass(frozen=True)
class Quantity:
    """One quantity; `machine` and `load` say what must be alike in all runs for it to be compared.

    `stem` names the same thing among a setup's ratios. `absolute`: a time, which also tells what changed on
    the machine between the runs; its ratio to `none`, measured beside it, is free of most of that. `experiment`: the
    fault experiment whose observation `observed` it is, empty for a quantity of what was measured without faults.
    """

    id: str
    title: str
    kind: str
    unit: str
    rows: Callable[[Setup], Rows]
    stem: str
    machine: bool = False
    load: bool = False
    experiment: str = ""
    observed: str = ""

    @property
    def absolute(self) -> bool:
        """Whether it is a time and not a ratio or a share."""
        return self.machine

    def refusals(self, keys: Sequence[str], reports: Sequence[Report]) -> list[str]:
        """Why this quantity of these runs can't be compared; empty if it can."""
        found = loads_differ(reports) if self.load else []
        if self.experiment:
            found += plans_differ(self.experiment, reports)
        return [*found, *(machines_differ(keys, reports) if self.machine else [])]


def _refused(setup: Setup) -> Rows:
    return {row.label: row for row in setup.refusals if row.value is not None}


def _cpu(setup: Setup) -> Rows:
    return {row.label: row for row in setup.costs}


def _percentile(q: float) -> Callable[[Setup], Rows]:
    return lambda setup: {
        point.label: Estimate(point.value, point.low, point.high)
        for point in setup.response.headline
        if point.percentile == q
    }


def _relative(quantity: str) -> Callable[[Setup], Rows]:
    return lambda setup: {
        row.label: row for section in setup.ratios if section.quantity == quantity for row in section.rows
    }


_MEDIAN, _TAIL, _CPU = "Median response time", "99th percentile of response time", "CPU per request"
_TO_NONE = ", as a ratio to none"

QUANTITIES: Final = (
    Quantity("refused", "Requests refused after log-in", "difference", "share", _refused, "refused"),
    Quantity("p50_to_none", _MEDIAN + _TO_NONE, "ratio", "ratio", _relative("p50"), "p50", load=True),
    Quantity("p99_to_none", _TAIL + _TO_NONE, "ratio", "ratio", _relative("p99"), "p99", load=True),
    Quantity("cpu_to_none", _CPU + _TO_NONE, "ratio", "ratio", _relative("cpu"), "cpu", load=True),
    Quantity("p50", _MEDIAN, "ratio", "ms", _percentile(50.0), "p50", machine=True, load=True),
    Quantity("p99", _TAIL, "ratio", "ms", _percentile(99.0), "p99", machine=True, load=True),
    Quantity("cpu", _CPU, "ratio", "us", _cpu, "cpu", machine=True, load=True),
)

_KINDS: Final = {"share": "difference", "s": "ratio", "ms": "ratio"}
"""How observations of fault experiments are compared, by their unit; other units are not: less need not be better."""


def quantities_of(reports: Sequence[Report]) -> list[Quantity]:
    """`QUANTITIES`, and one for each quantity that arms side by side were observed by in the first run."""
    found: dict[str, Quantity] = {}
    for experiment in reports[0].experiments:
        for item in experiment.result.observations if experiment.side_by_side else ():
            name = f"{experiment.result.id}-{item.quantity}"
            if item.unit in _KINDS and item.against is None and name not in found:
                found[name] = Quantity(
                    re.sub(r"[^A-Za-z0-9_-]", "-", name),
                    f"{experiment.title}: {inner(quantity_title(item.quantity))}",
                    _KINDS[item.unit],
                    item.unit,
                    lambda _setup: {},
                    name,
                    machine=item.unit != "share",
                    load=True,
                    experiment=experiment.result.id,
                    observed=item.quantity,
                )
    return [*QUANTITIES, *found.values()]
