"""Health of the load generator: lag and CPU against the limits beyond which a trial would not count."""

from __future__ import annotations

from typing import Any

import altair as alt

from authlab.checkers.guards import GENERATOR_CPU_LIMIT, LAG_P99_LIMIT_MS
from authlab.report.charts import theme
from authlab.report.figure import Column, Figure, Table
from authlab.report.words import coded, label_words, number, percent, whole


def generator_figure(setup: dict[str, Any]) -> Figure | None:
    """Lag (p50 to p99) and share of a core per mode, with their limits."""
    rows = setup["generator"]
    if not rows:
        return None
    labels = [row["label"] for row in rows]
    panels = [_lag(rows, labels)]
    if any(row["cpu_share"] is not None for row in rows):
        panels.append(_cpu(rows, labels))
    return Figure(
        id="generator",
        title=_title(rows),
        reading=(
            "Lag is how late the generator itself sent a request: a measurement error, kept out of every response "
            "time. Bars reach from the median to the 99th percentile. Dashed lines are the limits beyond which a "
            "trial is inconclusive."
        ),
        alt="Generator lag and CPU by mode. "
        + " ".join(
            f"{label_words(row['label'])}: lag p99 {number(row['lag_p99_ms'])} ms, "
            f"{percent(row['cpu_share'])} of a core, "
            f"{whole(row['unserved'])} arrivals unserved."
            for row in rows
        ),
        table=Table(
            "The generator, by mode",
            (
                Column("Mode", numeric=False),
                Column("Lag p50, ms"),
                Column("Lag p99, ms"),
                Column("Lag max, ms"),
                Column("Share of a core"),
                Column("Arrivals"),
                Column("Unserved"),
            ),
            [
                [
                    label_words(row["label"]),
                    number(row["lag_p50_ms"]),
                    number(row["lag_p99_ms"]),
                    number(row["lag_max_ms"]),
                    percent(row["cpu_share"]),
                    whole(row["arrivals"]),
                    whole(row["unserved"]),
                ]
                for row in rows
            ],
        ),
        spec=theme.to_spec(alt.vconcat(*panels, spacing=22)),
        pad=theme.label_pad(labels) + theme.RIGHT_PAD,
        notes=[f"{coded(row['label'])}: {'; '.join(row['problems'])}." for row in rows if row["problems"]],
    )


def _lag(rows: list[dict[str, Any]], labels: list[str]) -> theme.Layered:
    highest = max([row["lag_p99_ms"] or 0 for row in rows] + [LAG_P99_LIMIT_MS])
    x = alt.X(
        "lag_p50_ms:Q",
        scale=alt.Scale(domain=[0, highest * 1.08], nice=False),
        axis=alt.Axis(title="lag, ms", tickCount=6),
    )
    base = alt.Chart(theme.data(theme.named(rows))).encode(y=theme.names_axis(labels))
    limit = alt.Chart(theme.data([{"at": LAG_P99_LIMIT_MS}])).mark_rule(style="ink", strokeDash=[4, 3])
    return alt.layer(
        base.mark_rule(strokeWidth=3).encode(x=x, x2="lag_p99_ms:Q", color=theme.colours(labels)),
        base.mark_tick(thickness=2, size=12, orient="vertical").encode(
            x=alt.X("lag_p99_ms:Q"),
            color=theme.colours(labels),
            tooltip=[
                alt.Tooltip("name:N", title="mode"),
                alt.Tooltip("lag_p99_ms:Q", title="lag p99, ms", format=".3~g"),
            ],
        ),
        limit.encode(x=alt.X("at:Q")),
    ).properties(height=26 * len(labels), title=alt.Title("How late requests were sent"))


def _cpu(rows: list[dict[str, Any]], labels: list[str]) -> theme.Layered:
    x = alt.X(
        "cpu_share:Q",
        scale=alt.Scale(domain=[0, 1], nice=False),
        axis=alt.Axis(title="share of its core", format=".0%", tickCount=5),
    )
    base = alt.Chart(theme.data(theme.named(rows))).encode(y=theme.names_axis(labels))
    limit = alt.Chart(theme.data([{"at": GENERATOR_CPU_LIMIT}])).mark_rule(style="ink", strokeDash=[4, 3])
    return alt.layer(
        base.mark_bar(height=12).encode(
            x=x,
            color=theme.colours(labels),
            tooltip=[alt.Tooltip("name:N", title="mode"), alt.Tooltip("cpu_share:Q", title="of a core", format=".1%")],
        ),
        limit.encode(x=alt.X("at:Q")),
    ).properties(height=26 * len(labels), title=alt.Title("How busy the generator was"))


def _title(rows: list[dict[str, Any]]) -> str:
    lag = max((row["lag_p99_ms"] for row in rows if row["lag_p99_ms"] is not None), default=None)
    busy = max((row["cpu_share"] for row in rows if row["cpu_share"] is not None), default=None)
    at_most = f"lag p99 at most {number(lag)} ms" + (f", at most {percent(busy)} of its core" if busy else "")
    if any(row["problems"] for row in rows):
        return f"The generator did not keep up everywhere: {at_most}"
    return f"The generator kept up: {at_most}"
