"""Horizontal bars stacked by part of the stack."""

from __future__ import annotations

from collections.abc import Sequence

from authlab.report.drawing.marks import Row, Spec, layer, q, rows, tip
from authlab.report.drawing.theme import names_axis
from authlab.report.palette import PARTS


def stacked(pieces: Sequence[Row], labels: Sequence[str], *, unit: str, title: str) -> Spec:
    """Bars of `pieces` (label, part, amount); parts are in a fixed order and divided by a thin line."""
    order = {part: place for place, part in enumerate(PARTS)}
    present = [part for part in PARTS if any(piece["part"] == part for piece in pieces)]
    colour = {
        "field": "part",
        "type": "nominal",
        "scale": {"domain": present, "range": [PARTS[part] for part in present]},
        "legend": {"symbolType": "square"},
    }
    return layer(
        rows({**piece, "order": order.get(piece["part"], len(order))} for piece in pieces),
        "bar",
        look={"height": 18, "style": "split"},
        y=names_axis(labels),
        x=q("amount", stack="zero", axis={"title": title, "tickCount": 6}),
        color=colour,
        order=q("order"),
        tooltip=[tip("name", "mode"), tip("part", "part"), tip("amount", unit, ".4~g")],
    )
