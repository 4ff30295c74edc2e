"""Horizontal bars stacked by part of the stack."""

from __future__ import annotations

from typing import Any

import altair as alt

from authlab.report.charts import theme
from authlab.report.palette import PARTS


def stacked(pieces: list[dict[str, Any]], labels: list[str], *, unit: str, title: str) -> alt.Chart:
    """Bars of `pieces` (label, part, amount); parts are in a fixed order and divided by a thin line."""
    order = {part: place for place, part in enumerate(PARTS)}
    rows = [{**piece, "order": order.get(piece["part"], len(order))} for piece in theme.named(pieces)]
    present = [part for part in PARTS if any(row["part"] == part for row in rows)]
    chart: alt.Chart = (
        alt.Chart(theme.data(rows))
        .mark_bar(height=18, style="split")
        .encode(
            y=theme.names_axis(labels),
            x=alt.X("amount:Q", stack="zero", axis=alt.Axis(title=title, tickCount=6)),
            color=alt.Color(
                "part:N",
                scale=alt.Scale(domain=present, range=[PARTS[part] for part in present]),
                legend=alt.Legend(symbolType="square"),
            ),
            order=alt.Order("order:Q"),
            tooltip=[
                alt.Tooltip("name:N", title="mode"),
                alt.Tooltip("part:N", title="part"),
                alt.Tooltip("amount:Q", title=unit, format=".4~g"),
            ],
        )
    )
    return chart
