"""What was done to the arms of an experiment, and what proves it: a table over all its stages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from authlab.report.figure import Figure, Table, columns
from authlab.report.measures.arms import Arm
from authlab.report.setups import Experiment
from authlab.report.words import count, label_words, whole

NO_PROOF: Final = "⚠ no proof"


def staged_arms(experiment: Experiment) -> list[tuple[list[str], Arm]]:
    """Every arm with the stage that it stood in, as a cell of its own; without that cell where there is one stage."""
    setups = [setup for setup in experiment.setups if setup.side_by_side]
    return [([setup.stage] if len(setups) > 1 else [], arm) for setup in setups for arm in setup.arms]


def faults(experiment: Experiment) -> Iterator[Figure]:
    """A row per fault."""
    found = [(stage, arm, fault) for stage, arm in staged_arms(experiment) for fault in arm.faults]
    if not found:
        return
    unproven = sum(1 for *_, fault in found if not fault.proof)
    stage_head = ["Stage"] * len(found[0][0])
    heads = ("Arm", *stage_head, "Fault", "Done to", "Start, s", "End, s", "Lasted, s", "Proof")
    yield Figure(
        id="faults",
        title=f"{count(len(found), 'fault')}, each with what proves that it took effect"
        if not unproven
        else f"{count(len(found), 'fault')}, {whole(unproven)} of them without proof",
        reading="Times are seconds after the start of the arm’s load. A fault ends when its cause is gone: the worker "
        "serves again, the delay is taken out.",
        table=Table(
            "Faults by arm",
            columns(*heads, words="Arm, Stage, Fault, Done to, Proof"),
            [
                [
                    label_words(arm.label),
                    *stage,
                    fault.kind,
                    fault.target or "—",
                    f"{fault.start_s:.3f}",
                    "not seen" if fault.end_s is None else f"{fault.end_s:.3f}",
                    "—" if fault.lasted_s is None else f"{fault.lasted_s:.3f}",
                    fault.proof or NO_PROOF,
                ]
                for stage, arm, fault in found
            ],
        ),
        notes=[f"Nothing proves that {count(unproven, 'fault')} took effect: nothing follows from those trials."]
        if unproven
        else [],
    )
