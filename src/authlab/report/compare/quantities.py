"""The quantities in which runs are compared: where they stand in report.json, and when they may be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from authlab.report.compare.circumstances import loads_differ, machines_differ

Rows = dict[str, dict[str, Any]]
"""Estimates of one setup by label."""


@dataclass(frozen=True)
class Quantity:
    """One quantity; `machine` and `load` say what must be alike in all runs for it to be compared."""

    id: str
    title: str
    kind: str
    unit: str
    rows: Callable[[Mapping[str, Any]], Rows]
    machine: bool = False
    load: bool = False

    def refusals(self, reports: Sequence[Mapping[str, Any]]) -> list[str]:
        """Why this quantity of these runs can't be compared; empty if it can."""
        found = loads_differ(reports) if self.load else []
        return [*found, *(machines_differ(reports) if self.machine else [])]


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


QUANTITIES: Final = (
    Quantity("refused", "Requests refused after log-in", "difference", "share", _failures),
    Quantity("p50_to_none", "Median response time, as a ratio to none", "ratio", "ratio", _relative("p50"), load=True),
    Quantity("p99_to_none", "99th percentile, as a ratio to none", "ratio", "ratio", _relative("p99"), load=True),
    Quantity("cpu_to_none", "CPU per request, as a ratio to none", "ratio", "ratio", _relative("cpu"), load=True),
    Quantity("p50", "Median response time", "ratio", "ms", _percentile(50.0), machine=True, load=True),
    Quantity("p99", "99th percentile of response time", "ratio", "ms", _percentile(99.0), machine=True, load=True),
    Quantity("cpu", "CPU per request", "ratio", "us", _cpu, machine=True, load=True),
)
