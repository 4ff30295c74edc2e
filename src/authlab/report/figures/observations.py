"""Everything that an experiment observed, as a table: also quantities that no chart knows, each with its note."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from authlab.model.findings import Observation
from authlab.report.figure import Figure, Table, columns
from authlab.report.setups import Experiment
from authlab.report.words import count, label_words, measured, percent, quantity_title, sentence, whole

_TEXTS: Final = "Mode, Quantity, Against, Note"
_EFFECT: Final = "_smallest_effect"


def observations(experiment: Experiment) -> Iterator[Figure]:
    """A row per observation. Arms side by side count users, or what else the quantity says, over repetitions."""
    found = experiment.result.observations
    if not found:
        return
    counted = ("Repetitions", "Counted") if experiment.side_by_side else ("Blocks", "Requests")
    heads = ("Mode", "Quantity", "Against", "Workers", "Value, 95 % interval", *counted, "Note")
    noted = sum(1 for item in found if item.note)
    yield Figure(
        id="observations",
        title=f"Everything that was observed: {count(len(found), 'value')}",
        reading="What the verdicts rest on, and what else was measured, as run.json holds it. A ratio or difference is "
        "taken block by block to the mode that stands under “Against”." + (f" With a note: {noted}." if noted else ""),
        table=Table("Observations", columns(*heads, words=_TEXTS), [_cells(item) for item in found]),
    )


def _cells(item: Observation) -> list[str]:
    return [
        label_words(item.mode),
        quantity_title(item.quantity),
        label_words(item.against) if item.against else "",
        str(item.workers or ""),
        _value(item),
        whole(item.blocks),
        whole(item.samples),
        sentence(item.note),
    ]


def _value(item: Observation) -> str:
    if item.value is None:
        return "not measured"
    if item.quantity.endswith(_EFFECT):
        return percent(item.value)
    return measured(item.value, item.interval, item.unit)
