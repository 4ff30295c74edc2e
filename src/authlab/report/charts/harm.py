"""What was done, and what the history checkers say of it: tables over all stages of a fault experiment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from authlab.report.figure import Column, Figure, Table
from authlab.report.words import coded, count, label_words, number, sentence, whole

NO_PROOF: Final = "⚠ no proof"
Arm = dict[str, Any]


def arms_of(experiment: dict[str, Any]) -> list[tuple[str, Arm]]:
    """Every arm with the stage that it stood in; the stage is empty where there is one only."""
    setups = [setup for setup in experiment["setups"] if "history" in setup]
    return [(setup["stage"] if len(setups) > 1 else "", arm) for setup in setups for arm in setup["history"]["arms"]]


def faults_figure(experiment: dict[str, Any]) -> Figure | None:
    """A row per fault; None where none was done."""
    heads, rows = fault_rows(experiment)
    if not rows:
        return None
    faults = [fault for _, arm in arms_of(experiment) for fault in arm["faults"]]
    unproven = sum(1 for fault in faults if not fault["proof"])
    notes = []
    if unproven:
        notes.append(f"Nothing proves that {count(unproven, 'fault')} took effect: nothing follows from those trials.")
    return Figure(
        id="faults",
        title=f"{count(len(faults), 'fault')}, each with what proves that it took effect"
        if not unproven
        else f"{count(len(faults), 'fault')}, {whole(unproven)} of them without proof",
        reading="Times are seconds after the start of the arm’s load. A fault ends when its cause is gone: the worker "
        "serves again, the delay is taken out.",
        alt="",
        table=Table("Faults by arm", heads, rows),
        notes=notes,
    )


def fault_rows(experiment: dict[str, Any]) -> tuple[list[Column], list[list[str]]]:
    """Columns and cells of the faults of all arms."""
    staged = _staged(experiment)
    heads = [
        Column("Arm", numeric=False),
        *([Column("Stage", numeric=False)] if staged else []),
        Column("Fault", numeric=False),
        Column("Done to", numeric=False),
        Column("Start, s"),
        Column("End, s"),
        Column("Lasted, s"),
        Column("Proof", numeric=False),
    ]
    rows = [
        [
            label_words(arm["label"]),
            *([stage] if staged else []),
            fault["kind"],
            fault["target"] or "—",
            f"{fault['start_s']:.3f}",
            "not seen" if fault["end_s"] is None else f"{fault['end_s']:.3f}",
            "—" if fault["lasted_s"] is None else f"{fault['lasted_s']:.3f}",
            fault["proof"] or NO_PROOF,
        ]
        for stage, arm in arms_of(experiment)
        for fault in arm["faults"]
    ]
    return heads, rows


def checks_figure(experiment: dict[str, Any]) -> Figure | None:
    """A row per arm and checker; None where no history was checked."""
    heads, rows = check_rows(experiment)
    if not rows:
        return None
    return Figure(
        id="checks",
        title=sentence(checks_title(experiment)),
        reading="Each checker reads every request of an arm, log-ins too. “Violated” has a counter-example below. "
        "“Inconclusive” says why nothing follows. Requests of unknown fate (no answer came) count for neither side.",
        alt="",
        table=Table("History checks by arm", heads, rows),
    )


def check_rows(experiment: dict[str, Any]) -> tuple[list[Column], list[list[str]]]:
    """Columns and cells of the checks of all arms."""
    staged = _staged(experiment)
    heads = [
        Column("Arm", numeric=False),
        *([Column("Stage", numeric=False)] if staged else []),
        Column("Checker", numeric=False),
        Column("Result", numeric=False),
        Column("Violations"),
        Column("Fate unknown"),
        Column("What it found", numeric=False),
    ]
    rows = [
        [
            label_words(arm["label"]),
            *([stage] if staged else []),
            checker_words(check["name"]),
            check["value"],
            f"{whole(check['count'])} of {whole(check['checked'])}",
            whole(check["indeterminate"]),
            " ".join(_found(check)),
        ]
        for stage, arm in arms_of(experiment)
        for check in arm["checks"]
    ]
    return heads, rows


def checks_title(experiment: dict[str, Any]) -> str:
    """Which arms violated what, and which passed, in one line; empty where nothing was checked."""
    broken: dict[str, dict[str, int]] = {}
    unclear = 0
    for _, arm in arms_of(experiment):
        for check in arm["checks"]:
            if check["value"] == "violated":
                found = broken.setdefault(arm["label"], {})
                found[check["name"]] = found.get(check["name"], 0) + check["count"]
            elif check["value"] == "inconclusive":
                unclear += 1
    labels = list(dict.fromkeys(arm["label"] for _, arm in arms_of(experiment) if arm["checks"]))
    clean = [coded(label) for label in labels if label not in broken]
    said = [
        f"{coded(label)}: "
        + ", ".join(f"{checker_words(name)} violated {_times(n)}" for name, n in broken[label].items())
        for label in labels
        if label in broken
    ]
    if clean:
        said.append(f"no violation in {', '.join(clean)}")
    if unclear:
        said.append(f"{count(unclear, 'check')} inconclusive")
    return "; ".join(said)


def checker_words(name: str) -> str:
    """`no spurious logout`."""
    return name.replace("_", " ")


def _times(n: int) -> str:
    return "once" if n == 1 else count(n, "time")


def _staged(experiment: dict[str, Any]) -> bool:
    return any(stage for stage, _ in arms_of(experiment))


def _found(check: dict[str, Any]) -> Iterator[str]:
    """The summary, and the checker's own measures, as sentences."""
    yield _stop(check["summary"])
    for reason in check["reasons"]:
        if reason != check["summary"]:
            yield _stop(reason)
    if check["staleness"]:
        at_least, at_most = check["staleness"]["at_least_ms"], check["staleness"]["at_most_ms"]
        until = f"for at most {number(at_most)} ms" if at_most is not None else "and no refusal was seen after it"
        yield f"A revoked credential was still taken for at least {number(at_least)} ms, {until}."
    for recovery in check["recoveries"]:
        yield _recovery(recovery)


def _recovery(recovery: dict[str, Any]) -> str:
    name = f"{recovery['kind']} of {recovery['target']}" if recovery["target"] else recovery["kind"]
    if not recovery["failures"]:
        return f"After {name} nothing failed."
    said = f"After {name} {count(recovery['failures'], 'request')} failed"
    if recovery["to_failure_s"] is not None:
        said += f", the first after {recovery['to_failure_s']:.3f} s"
    if recovery["to_recovery_s"] is None:
        return f"{said}; no recovery was seen."
    return f"{said}, the last {recovery['to_recovery_s']:.3f} s after its end."


def _stop(text: str) -> str:
    kept = sentence(text)
    return kept if kept.endswith((".", "!", "?")) or not kept else f"{kept}."
