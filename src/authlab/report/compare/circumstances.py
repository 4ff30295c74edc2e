"""What differs in the circumstances of runs, and whether that forbids comparing their numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from authlab.report.facts import term_words, value_words

_MACHINE: Final = ("cpu", "architecture", "cores", "memory_bytes", "virtual", "pinning")
"""Facts that make a machine another one, for times in milliseconds."""

LOAD: Final = ("scenario", "rate_rps", "users", "mix")
"""Parameters of the load: another rate or mix is another experiment."""

_NOISE: Final = frozenset({"stages", "load_average_before"})

NOT_RECORDED: Final = "not recorded"


def differing(reports: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The facts that are not the same in all reports: `of`, `what`, and each report's value in words."""
    found = []
    for of, key in (("Machine", "machine"), ("Versions", "versions"), ("Parameters", "parameters"), ("Run", "run")):
        tables = [_table(report, key) for report in reports]
        for name, words in _unlike(tables, dict.fromkeys(name for table in tables for name in table)):
            found.append({"of": of, "what": term_words(name), "values": words})
    return found


def _table(report: Mapping[str, Any], key: str) -> dict[str, Any]:
    if key == "run":
        return {name: report["run"][name] for name in ("status", "stack", "seed")}
    return {name: value for name, value in report[key].items() if name not in _NOISE}


def machines_differ(keys: Sequence[str], reports: Sequence[Mapping[str, Any]]) -> list[str]:
    """Reasons why times of these runs tell of their machines; empty for one and the same (or none recorded).

    A single fact that one run did not record is no reason, but `unrecorded` tells it; a run that says nothing of its
    machine can't be held against one that does.
    """
    machines = [report["machine"] for report in reports]
    silent = [key for key, machine in zip(keys, machines, strict=False) if not machine]
    if silent and len(silent) < len(machines):
        return [f"{', '.join(silent)} did not record the machine"]
    return _reasons("different machines", machines, _MACHINE)


def loads_differ(reports: Sequence[Mapping[str, Any]]) -> list[str]:
    """Reasons why latency and CPU of these runs belong to different loads."""
    return _reasons("different loads", [report["parameters"] for report in reports], LOAD)


def faults_differ(experiment: str, reports: Sequence[Mapping[str, Any]]) -> list[str]:
    """Reasons why what this fault experiment observed in these runs is not the same thing; repetitions may differ."""
    planned = []
    for report in reports:
        stages = [s for s in report["parameters"].get("stages", ()) if s["experiment"] == experiment and "faults" in s]
        planned.append([{"faults": s["faults"], "slice_s": s["slice_s"]} for s in stages])
    kinds = [[stage for place, stage in enumerate(stages) if stage not in stages[:place]] for stages in planned]
    # A run that did not make the experiment has nothing that could differ.
    made = [kind for kind in kinds if kind]
    return [f"different faults or lengths of load in {experiment}"] if any(kind != made[0] for kind in made) else []


def unrecorded(keys: Sequence[str], reports: Sequence[Mapping[str, Any]]) -> list[str]:
    """Sentences about facts that some runs recorded and others did not: there a difference would not be seen."""
    lacking: dict[str, list[str]] = {}
    for of, names in (("machine", _MACHINE), ("parameters", LOAD)):
        tables = [report[of] for report in reports]
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
    """Those of `names` whose values are not the same in all tables, with each table's value in words."""
    for name in names:
        values = [table.get(name) for table in tables]
        if any(value != values[0] for value in values):
            yield name, [NOT_RECORDED if value is None else value_words(name, value) for value in values]


def _against(words: Sequence[str]) -> str:
    return " against ".join(dict.fromkeys(words))
