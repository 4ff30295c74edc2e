"""What differs in the circumstances of runs, and whether that forbids comparing their numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from authlab.model.plan import SideBySide
from authlab.report.compare.alike import alike
from authlab.report.facts import term_words, value_words
from authlab.report.report import Report

_MACHINE: Final = ("cpu", "architecture", "cores", "memory_bytes", "virtual", "pinning")
"""Facts that make a machine another one, for times in milliseconds, if they are not `alike`.

A kernel's version is not among them: it is shown where it differs, and forbids nothing.
"""

LOAD: Final = ("scenario", "rate_rps", "users", "mix")
"""Parameters of the load: another rate or mix is another experiment."""

_NOISE: Final = frozenset({"stages", "load_average_before"})

NOT_RECORDED: Final = "not recorded"


@dataclass(frozen=True)
class Differing:
    """A fact that is not the same in all runs, with each run's value in words."""

    of: str
    what: str
    values: tuple[str, ...]


def differing(reports: Sequence[Report]) -> list[Differing]:
    """The facts that are not the same in all reports."""
    runs = [report.run for report in reports]
    tables: dict[str, list[Mapping[str, Any]]] = {
        "Machine": [run.machine for run in runs],
        "Versions": [run.versions for run in runs],
        "Parameters": [run.parameters for run in runs],
        "Run": [{"status": run.status, "stack": run.stack, "seed": run.seed} for run in runs],
    }
    return [
        Differing(of, term_words(name), tuple(words))
        for of, held in tables.items()
        for name, words in _unlike(held, dict.fromkeys(name for table in held for name in table if name not in _NOISE))
    ]


def machines_differ(keys: Sequence[str], reports: Sequence[Report]) -> list[str]:
    """Reasons why times of these runs tell of their machines; empty for one and the same (or none recorded).

    A single fact that one run did not record is no reason, but `unrecorded` tells it; a run that says nothing of its
    machine can't be compared with one that does.
    """
    machines = [report.run.machine for report in reports]
    silent = [key for key, machine in zip(keys, machines, strict=False) if not machine]
    if silent and len(silent) < len(machines):
        return [f"{', '.join(silent)} did not record the machine"]
    return _reasons("different machines", machines, _MACHINE)


def machines_are_alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether both descriptions in run.json are of the same machine, as far as times depend on it."""
    return bool(one) and bool(other) and not list(_unlike([one, other], _MACHINE))


def loads_differ(reports: Sequence[Report]) -> list[str]:
    """Reasons why latency and CPU of these runs belong to different loads."""
    return _reasons("different loads", [report.run.parameters for report in reports], LOAD)


def plans_differ(experiment: str, reports: Sequence[Report]) -> list[str]:
    """Reasons why what this experiment observed in these runs is not the same thing; repetitions may differ."""
    planned = [
        {
            (plan.exercise.duration_s, tuple((arm.label, arm.faults) for arm in plan.arms))
            for result in report.run.experiments
            if result.id == experiment
            for plan in result.plans
            if isinstance(plan.exercise, SideBySide)
        }
        for report in reports
    ]
    # A run that did not make the experiment has nothing that could differ.
    made = [kinds for kinds in planned if kinds]
    return [f"different faults or lengths of load in {experiment}"] if any(k != made[0] for k in made) else []


def unrecorded(keys: Sequence[str], reports: Sequence[Report]) -> list[str]:
    """Sentences about facts that some runs recorded and others did not: there a difference would not be seen."""
    lacking: dict[str, list[str]] = {}
    held = (([report.run.machine for report in reports], _MACHINE), ([r.run.parameters for r in reports], LOAD))
    for tables, names in held:
        for name in names:
            without = [key for key, table in zip(keys, tables, strict=False) if table.get(name) is None]
            if without and len(without) < len(tables):
                lacking.setdefault(", ".join(without), []).append(term_words(name).lower())
    return [
        f"{without} did not record {', '.join(names)}: if it differed, that is part of every difference in times."
        for without, names in lacking.items()
    ]


def _reasons(what: str, tables: Sequence[Mapping[str, Any]], names: Iterable[str]) -> list[str]:
    found = []
    for name in names:
        known = [table for table in tables if table.get(name) is not None]
        found += [f"{term_words(name).lower()} {_against(words)}" for _, words in _unlike(known, [name])]
    return [f"{what} ({', '.join(found)})"] if found else []


def _unlike(tables: Sequence[Mapping[str, Any]], names: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Those of `names` whose values are not alike in all tables, with each table's value in words."""
    for name in names:
        values = [table.get(name) for table in tables]
        if not all(alike(name, values[0], value) for value in values[1:]):
            yield name, [NOT_RECORDED if value is None else value_words(name, value) for value in values]


def _against(words: Sequence[str]) -> str:
    return " against ".join(dict.fromkeys(words))
