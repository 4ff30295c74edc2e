"""Response time over time: a small map per mode, one above the other, on one clock."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from authlab.report.drawing import theme
from authlab.report.drawing.marks import Spec, below, finished, layer, panel, q, rows, tip, to
from authlab.report.estimates import finite
from authlab.report.figure import Figure, Table, columns
from authlab.report.palette import look
from authlab.report.setups import Setup
from authlab.report.tables import Tables
from authlab.report.words import label_words, number, whole

BINS_PER_DECADE: Final = 10
MAX_COLUMNS: Final = 60
FULL_SHARE: Final = 0.3
"""Share of a slice's requests in one bin at which the colour is at its fullest."""


@dataclass(frozen=True)
class Cell:
    """So many requests of one column took between `from_ms` and `to_ms`; `share` is of the column's."""

    label: str
    from_s: float
    to_s: float
    from_ms: float
    to_ms: float
    requests: int
    share: float


@dataclass(frozen=True)
class Span:
    """A column: one slice of load on a label, or some neighbours. Times are seconds after the first slice's start."""

    label: str
    from_s: float
    to_s: float
    requests: int
    p50_ms: float | None
    p95_ms: float | None
    max_ms: float | None


@dataclass(frozen=True)
class Heatmap:
    """Time against logarithmic latency bins; a column joins `blocks_per_column` neighbours."""

    cells: tuple[Cell, ...]
    columns: tuple[Span, ...]
    blocks_per_column: int
    bins_per_decade: int = BINS_PER_DECADE


def heatmap(setup: Setup) -> Iterator[Figure]:
    """Time against logarithmic latency bins; fuller colour, more requests."""
    if not setup.tables.answered:
        return
    found = heatmap_of(setup.tables)
    labels = [label for label in setup.labels if any(span.label == label for span in found.columns)]
    together = found.blocks_per_column
    until = "" if setup.pseudo_blocks else ", drawn until the next one"
    column = "second" if setup.pseudo_blocks else "slice of load on that mode"
    yield Figure(
        id="heatmap",
        title="Response time over the run",
        reading=(
            f"Each column is one {column}{f' ({together} neighbours joined)' if together > 1 else ''}{until}; the "
            "fuller the colour, the larger the share of its requests that took so long. The thin line is the median. "
            "Stripes across all modes at the same time are the machine’s doing, not a mode’s."
        ),
        alt=f"Heat maps of response time over time, one per mode. {_listing(found.columns, labels)}",
        table=_table(found.columns),
        data=found,
        spec=finished(_chart(found, labels)),
        pad=theme.MS_PAD + theme.RIGHT_PAD,
    )


def heatmap_of(tables: Tables) -> Heatmap:
    """The map of all answered requests."""
    held = list(tables.answered.values())
    blocks = pl.concat([rows.select(pl.col("block").unique()) for rows in held]).unique()["block"]
    together = max(1, math.ceil(blocks.len() / MAX_COLUMNS))
    base, origin = int(blocks.min()), min(int(rows["sent_ns"].min()) for rows in held)  # type: ignore[arg-type]
    parts = [_binned(rows, base, origin, together) for rows in held]
    spans = pl.concat([part[0] for part in parts])
    cells = pl.concat([part[1] for part in parts])
    by_label = pl.col("label").cast(pl.String).replace_strict(tables.order, return_dtype=pl.Int64)
    return Heatmap(
        tuple(
            Cell(
                row["label"],
                round(row["from_s"], 3),
                round(row["to_s"], 3),
                float(f"{row['from_ms']:.4g}"),
                float(f"{row['to_ms']:.4g}"),
                row["requests"],
                round(row["share"], 5),
            )
            for row in cells.sort(by_label, "column", "bin").iter_rows(named=True)
        ),
        tuple(
            Span(
                row["label"],
                round(row["from_s"], 3),
                round(row["to_s"], 3),
                row["total"],
                finite(row["p50_ms"]),
                finite(row["p95_ms"]),
                finite(row["max_ms"]),
            )
            for row in spans.sort(by_label, "column").iter_rows(named=True)
        ),
        together,
    )


def _binned(rows: pl.DataFrame, base: int, origin: int, together: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Columns and cells of one label."""
    ms = pl.col("response_ms")
    binned = rows.lazy().select(
        "label",
        "response_ms",
        ((pl.col("block") - base) // together).alias("column"),
        ((pl.col("sent_ns") - origin) / 1e9).alias("sent_s"),
        (ms.log10() * BINS_PER_DECADE).floor().cast(pl.Int64).alias("bin"),
    )
    by_column = binned.group_by("label", "column").agg(
        pl.col("sent_s").min().alias("from_s"),
        pl.col("sent_s").max().alias("last_s"),
        pl.len().alias("total"),
        ms.median().alias("p50_ms"),
        ms.quantile(0.95, "linear").alias("p95_ms"),
        ms.max().alias("max_ms"),
    )
    by_bin = binned.group_by("label", "column", "bin").agg(pl.len().alias("requests"))
    spans, cells = pl.collect_all([by_column, by_bin])
    spans = spans.sort("column")
    step = pl.col("from_s").diff().median().fill_null(1.0)
    # A column reaches to the next one's start, so that no gap is drawn.
    spans = spans.with_columns(
        pl.col("from_s").shift(-1).fill_null(pl.max_horizontal(pl.col("last_s"), pl.col("from_s") + step)).alias("to_s")
    )
    return spans, cells.join(spans, on=["label", "column"]).with_columns(
        (pl.col("requests") / pl.col("total")).alias("share"),
        (10.0 ** (pl.col("bin") / BINS_PER_DECADE)).alias("from_ms"),
        (10.0 ** ((pl.col("bin") + 1) / BINS_PER_DECADE)).alias("to_ms"),
    )


def _chart(found: Heatmap, labels: Sequence[str]) -> Spec:
    ends = (min(cell.from_ms for cell in found.cells), max(cell.to_ms for cell in found.cells))
    until = max(span.to_s for span in found.columns)
    return below([_panel(found, label, ends, until, last=label == labels[-1]) for label in labels], spacing=10)


def _panel(found: Heatmap, label: str, ends: tuple[float, float], until: float, *, last: bool) -> Spec:
    cells, spans = rows(c for c in found.cells if c.label == label), rows(s for s in found.columns if s.label == label)
    for row in (*cells, *spans):
        for unseen in ("label", "name", "p95_ms", "max_ms"):
            row.pop(unseen, None)
    axis = {
        "title": "seconds after the first slice" if last else None,
        **dict.fromkeys(("labels", "ticks", "domain"), last),
        "grid": False,
        "tickCount": 8,
    }
    x = q("from_s", scale={"domain": [0, until], "nice": False}, axis=axis)
    scale = {"type": "log", "domain": list(ends), "nice": False}
    share = {"type": "sqrt", "domain": [0, FULL_SHARE], "range": [0.04, 1], "clamp": True}
    tips = [
        tip("from_s", "at s", ".1f"),
        tip("from_ms", "from ms", ".3~g"),
        tip("to_ms", "to ms", ".3~g"),
        tip("requests", "requests", ","),
        tip("share", "share", ".1%"),
    ]
    return panel(
        layer(cells, "rect", look={"fill": look(label).colour, "strokeWidth": 0}, x=x, x2=to("to_s"),
              y=q("from_ms", scale=scale, axis=theme.ms_axis(ends, most=4, grid=False)), y2=to("to_ms"),
              fillOpacity=q("share", scale=share, legend=None), tooltip=tips),
        layer(spans, "rule", look={"style": "ink", "strokeWidth": 1.6}, x=x, x2=to("to_s"), y=q("p50_ms")),
        height=96,
        title=label_words(label),
    )  # fmt: skip


def _table(spans: Sequence[Span]) -> Table:
    return Table(
        "Response time by slice, in milliseconds",
        columns("Mode", "From, s", "To, s", "Requests", "Median", "p95", "Highest", words="Mode"),
        [
            [
                label_words(span.label),
                f"{span.from_s:.1f}",
                f"{span.to_s:.1f}",
                whole(span.requests),
                number(span.p50_ms),
                number(span.p95_ms),
                number(span.max_ms),
            ]
            for span in spans
        ],
    )


def _listing(spans: Sequence[Span], labels: Sequence[str]) -> str:
    said = []
    for label in labels:
        medians = [span.p50_ms or 0 for span in spans if span.label == label]
        said.append(f"{label_words(label)}: slice medians from {number(min(medians))} to {number(max(medians))} ms.")
    return " ".join(said)
