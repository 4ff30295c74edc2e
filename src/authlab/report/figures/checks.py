"""What the history checkers say of the arms of an experiment: a table over all its stages."""

from __future__ import annotations

from collections.abc import Iterator

from authlab.model.history import Checked, Recovery
from authlab.report.figure import Figure, Table, columns
from authlab.report.figures.faults import staged_arms
from authlab.report.setups import Experiment
from authlab.report.words import checker_words, coded, count, label_words, number, sentence, stopped, whole


def checks(experiment: Experiment) -> Iterator[Figure]:
    """A row per arm and checker."""
    found = [(stage, arm, check) for stage, arm in staged_arms(experiment) for check in arm.checks]
    if not found:
        return
    stage_head = ["Stage"] * len(found[0][0])
    heads = ("Arm", *stage_head, "Checker", "Result", "Violations", "Fate unknown", "What it found")
    yield Figure(
        id="checks",
        title=sentence(checks_title(experiment)),
        reading="Each checker reads every request of an arm, log-ins too. “Violated” has a counter-example below. "
        "“Inconclusive” says why nothing follows. Requests of unknown fate (no answer came) count for neither side.",
        table=Table(
            "History checks by arm",
            columns(*heads, words="Arm, Stage, Checker, Result, What it found"),
            [
                [
                    label_words(arm.label),
                    *stage,
                    checker_words(check.name),
                    check.value,
                    f"{whole(check.count)} of {whole(check.checked)}",
                    whole(check.indeterminate),
                    " ".join(_found(check)),
                ]
                for stage, arm, check in found
            ],
        ),
    )


def checks_title(experiment: Experiment) -> str:
    """Which arms violated what, and which passed, in one line; empty where nothing was checked."""
    broken: dict[str, dict[str, int]] = {}
    unclear = 0
    arms = [arm for _, arm in staged_arms(experiment)]
    for arm in arms:
        for check in arm.checks:
            if check.value == "violated":
                held = broken.setdefault(arm.label, {})
                held[check.name] = held.get(check.name, 0) + check.count
            elif check.value == "inconclusive":
                unclear += 1
    labels = list(dict.fromkeys(arm.label for arm in arms if arm.checks))
    said = [
        f"{coded(label)}: "
        + ", ".join(f"{checker_words(name)} violated {_times(n)}" for name, n in broken[label].items())
        for label in labels
        if label in broken
    ]
    if clean := [coded(label) for label in labels if label not in broken]:
        said.append(f"no violation in {', '.join(clean)}")
    if unclear:
        said.append(f"{count(unclear, 'check')} inconclusive")
    return "; ".join(said)


def _times(times: int) -> str:
    return "once" if times == 1 else count(times, "time")


def _found(check: Checked) -> Iterator[str]:
    """The summary, and the checker's own measures, as sentences."""
    yield stopped(check.summary)
    for reason in check.reasons:
        if reason != check.summary:
            yield stopped(reason)
    if stale := check.staleness:
        until = "and no refusal was seen after it" if stale.at_most_ms is None else (
            f"for at most {number(stale.at_most_ms)} ms"
        )  # fmt: skip
        yield f"A revoked credential was still taken for at least {number(stale.at_least_ms)} ms, {until}."
    for recovery in check.recoveries:
        yield _recovery(recovery)


def _recovery(recovery: Recovery) -> str:
    name = f"{recovery.kind} of {recovery.target}" if recovery.target else recovery.kind
    if not recovery.failures:
        return f"After {name} nothing failed."
    said = f"After {name} {count(recovery.failures, 'request')} failed"
    if recovery.to_failure_s is not None:
        said += f", the first after {recovery.to_failure_s:.3f} s"
    if recovery.to_recovery_s is None:
        return f"{said}; no recovery was seen."
    return f"{said}, the last {recovery.to_recovery_s:.3f} s after its end."
