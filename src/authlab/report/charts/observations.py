"""Everything that an experiment observed, as a table: also quantities that no chart knows, each with its note."""

from __future__ import annotations

from typing import Any, Final

from authlab.report.faulted import is_faulted
from authlab.report.figure import Column, Figure, Table
from authlab.report.words import count, in_unit, label_words, measured, percent, quantity_title, sentence, whole

HEADS: Final = ("Mode", "Quantity", "Against", "Workers", "Value, 95 % interval", "Blocks", "Requests", "Note")
_NUMERIC: Final = frozenset({"Workers", "Value, 95 % interval", "Blocks", "Requests", "Repetitions", "Counted"})
_EFFECT: Final = "_smallest_effect"


def heads_of(experiment: dict[str, Any]) -> tuple[str, ...]:
    """`HEADS`; fault experiments count users, or what else the quantity says, over repetitions."""
    if not is_faulted(experiment):
        return HEADS
    other = {"Blocks": "Repetitions", "Requests": "Counted"}
    return tuple(other.get(head, head) for head in HEADS)


def observations_figure(experiment: dict[str, Any]) -> Figure | None:
    """A row per observation; None where there are none."""
    rows = observation_rows(experiment)
    if not rows:
        return None
    noted = sum(1 for row in rows if row[-1])
    return Figure(
        id="observations",
        title=f"Everything that was observed: {count(len(rows), 'value')}",
        reading="What the verdicts rest on, and what else was measured, as run.json holds it. A ratio or difference is "
        "taken block by block to the mode that stands under “Against”." + (f" With a note: {noted}." if noted else ""),
        alt="",
        table=Table("Observations", [Column(head, numeric=head in _NUMERIC) for head in heads_of(experiment)], rows),
    )


def observation_rows(experiment: dict[str, Any]) -> list[list[str]]:
    """The cells of each observation, in the order of `HEADS`."""
    return [
        [
            label_words(item["mode"]),
            quantity_title(item["quantity"]),
            label_words(item["against"]) if item["against"] else "",
            str(item["workers"] or ""),
            _value(item),
            whole(item["blocks"]),
            whole(item["samples"]),
            sentence(item["note"]),
        ]
        for item in experiment["observations"]
    ]


def _value(item: dict[str, Any]) -> str:
    if item["value"] is None:
        return "not measured"
    if item["quantity"].endswith(_EFFECT):
        return percent(item["value"])
    if item["interval"] is None:
        return in_unit(item["value"], item["unit"])
    return measured(item["value"], item["interval"], item["unit"])
