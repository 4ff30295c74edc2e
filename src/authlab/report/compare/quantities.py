"""The quantities in which runs are compared: where they stand in report.json, and when they may be."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from authlab.report.compare.circumstances import faults_differ, loads_differ, machines_differ
from authlab.report.faulted import faulted
from authlab.report.words import inner, quantity_title, sentence

Rows = dict[str, dict[str, Any]]
"""Estimates of one setup by label."""


@dataclass(frozen=True)
class Quantity:
    """One quantity; `machine` and `load` say what must be alike in all runs for it to be compared.

    `stem` names the same thing in report.json's differences. `absolute`: a time, which also tells what changed on
    the machine between the runs; its ratio to `none`, measured beside it, is free of most of that. `experiment`: the
    fault experiment whose observation `observed` it is, empty for a quantity of what was measured without faults.
    """

    id: str
    title: str
    kind: str
    unit: str
    rows: Callable[[Mapping[str, Any]], Rows]
    stem: str
    machine: bool = False
    load: bool = False
    experiment: str = ""
    observed: str = ""

    @property
    def absolute(self) -> bool:
        """Whether it is a time and not a ratio or a share."""
        return self.machine

    def refusals(self, keys: Sequence[str], reports: Sequence[Mapping[str, Any]]) -> list[str]:
        """Why this quantity of these runs can't be compared; empty if it can."""
        found = loads_differ(reports) if self.load else []
        if self.experiment:
            found += faults_differ(self.experiment, reports)
        return [*found, *(machines_differ(keys, reports) if self.machine else [])]


def _failures(setup: Mapping[str, Any]) -> Rows:
    return {row["label"]: row for row in setup["failures"] if row["value"] is not None}


def _cpu(setup: Mapping[str, Any]) -> Rows:
    return {row["label"]: row for row in setup["cpu"]}


def _percentile(q: float) -> Callable[[Mapping[str, Any]], Rows]:
    return lambda setup: {row["label"]: row for row in setup["percentiles"]["headline"] if row["percentile"] == q}


def _relative(quantity: str) -> Callable[[Mapping[str, Any]], Rows]:
    return lambda setup: {
        row["label"]: row
        for section in setup["differences"]
        if section["quantity"] == quantity
        for row in section["rows"]
    }


_MEDIAN, _TAIL, _CPU = "Median response time", "99th percentile of response time", "CPU per request"
_TO_NONE = ", as a ratio to none"

QUANTITIES: Final = (
    Quantity("refused", "Requests refused after log-in", "difference", "share", _failures, "refused"),
    Quantity("p50_to_none", _MEDIAN + _TO_NONE, "ratio", "ratio", _relative("p50"), "p50", load=True),
    Quantity("p99_to_none", _TAIL + _TO_NONE, "ratio", "ratio", _relative("p99"), "p99", load=True),
    Quantity("cpu_to_none", _CPU + _TO_NONE, "ratio", "ratio", _relative("cpu"), "cpu", load=True),
    Quantity("p50", _MEDIAN, "ratio", "ms", _percentile(50.0), "p50", machine=True, load=True),
    Quantity("p99", _TAIL, "ratio", "ms", _percentile(99.0), "p99", machine=True, load=True),
    Quantity("cpu", _CPU, "ratio", "us", _cpu, "cpu", machine=True, load=True),
)

_KINDS: Final = {"share": "difference", "s": "ratio", "ms": "ratio"}
"""How observations of fault experiments are compared, by their unit; other units are not: less need not be better."""


def quantities_of(reports: Sequence[Mapping[str, Any]]) -> list[Quantity]:
    """`QUANTITIES`, and one for each quantity that a fault experiment of the first run observed."""
    found: dict[str, Quantity] = {}
    for experiment in faulted(reports[0]["experiments"]):
        for item in experiment["observations"]:
            name = f"{experiment['id']}-{item['quantity']}"
            if item["unit"] in _KINDS and item["against"] is None and name not in found:
                title = f"{sentence(experiment['id'].replace('-', ' '))}: {inner(quantity_title(item['quantity']))}"
                timed = item["unit"] != "share"
                found[name] = Quantity(
                    re.sub(r"[^A-Za-z0-9_-]", "-", name),
                    title,
                    _KINDS[item["unit"]],
                    item["unit"],
                    lambda _setup: {},
                    name,
                    machine=timed,
                    load=True,
                    experiment=experiment["id"],
                    observed=item["quantity"],
                )
    return [*QUANTITIES, *found.values()]
