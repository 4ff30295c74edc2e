"""Share of the answers that each worker gave, per mode."""

from __future__ import annotations

from typing import Any

import altair as alt

from authlab.report.charts import theme
from authlab.report.figure import Column, Figure, Table
from authlab.report.words import label_words, percent, whole


def balance_figure(setup: dict[str, Any]) -> Figure | None:
    """A point per worker on its mode's row, against the even share."""
    rows = setup["balance"]
    if not rows or len({row["worker"] for row in rows}) < 2:
        return None
    labels = list(dict.fromkeys(row["label"] for row in rows))
    shares = [row["share"] for row in rows]
    expected = rows[0]["expected"]
    even = f" The dashed line is the even share, {percent(expected)}." if expected else ""
    return Figure(
        id="balance",
        title=f"Each worker gave between {percent(min(shares))} and {percent(max(shares))} of the answers",
        reading=f"One mark per worker: its share of its mode’s answers.{even}",
        alt="Share of answers per worker, by mode. "
        + " ".join(
            f"{label_words(label)}: "
            + ", ".join(f"{row['worker']} {percent(row['share'])}" for row in rows if row["label"] == label)
            + "."
            for label in labels
        ),
        table=Table(
            "Answers by mode and worker",
            (Column("Mode", numeric=False), Column("Worker", numeric=False), Column("Answers"), Column("Share")),
            [[label_words(row["label"]), row["worker"], whole(row["requests"]), percent(row["share"])] for row in rows],
        ),
        spec=theme.to_spec(_chart(rows, labels, expected)),
        pad=theme.label_pad(labels) + theme.RIGHT_PAD,
    )


def _chart(rows: list[dict[str, Any]], labels: list[str], expected: float | None) -> theme.Layered:
    scale = alt.Scale(domain=_domain([row["share"] for row in rows], expected), nice=False, zero=False)
    x = alt.X(
        "share:Q",
        scale=scale,
        axis=alt.Axis(format=".0%", title="share of the mode’s answers", tickCount=6),
    )
    points = (
        alt.Chart(theme.data(theme.named(rows)))
        .mark_point(size=80, strokeWidth=2, opacity=0.9, filled=False)
        .encode(
            y=theme.names_axis(labels),
            x=x,
            color=theme.colours(labels),
            shape=theme.shapes(labels),
            tooltip=[
                alt.Tooltip("name:N", title="mode"),
                alt.Tooltip("worker:N", title="worker"),
                alt.Tooltip("share:Q", title="share", format=".2%"),
                alt.Tooltip("requests:Q", title="answers", format=","),
            ],
        )
    )
    even = (
        alt.Chart(theme.data([{"at": expected}] if expected else []))
        .mark_rule(style="ghost", strokeDash=[3, 3])
        .encode(x=alt.X("at:Q", scale=scale))
    )
    return alt.layer(even, points).properties(height=theme.ROW * len(labels))


def _domain(shares: list[float], expected: float | None) -> list[float]:
    """Around the even share, at least five points to each side: small unevenness stays small."""
    middle = expected or sum(shares) / len(shares)
    reach = max(0.05, 1.2 * max(abs(share - middle) for share in shares))
    return [max(0.0, middle - reach), min(1.0, middle + reach)]
