"""Resident memory by mode, stacked by the part of the stack that holds it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from authlab.report.drawing import theme
from authlab.report.drawing.marks import finished, panel
from authlab.report.drawing.stacks import stacked
from authlab.report.figure import Figure, Table, columns
from authlab.report.palette import PARTS
from authlab.report.setups import Setup
from authlab.report.tables import Tables
from authlab.report.words import coded, label_words, number, size

MIB = 1024**2


@dataclass(frozen=True)
class Resident:
    """Memory of one part of a label's stack: median over slices, `highest`, `growth` (last less first), in bytes."""

    label: str
    part: str
    bytes: int
    highest: int
    growth: int


def memory(setup: Setup) -> Iterator[Figure]:
    """A bar per mode: proxy, workers, store."""
    found = resident_of(setup.tables)
    if not found:
        return
    labels = list(dict.fromkeys(row.label for row in found))
    totals = {label: sum(row.bytes for row in found if row.label == label) for label in labels}
    pieces = [{"label": row.label, "part": row.part, "amount": row.bytes / MIB} for row in found]
    least, most = min(totals, key=lambda x: totals[x]), max(totals, key=lambda x: totals[x])
    yield Figure(
        id="memory",
        title=f"Memory: {size(totals[least])} with {coded(least)}, {size(totals[most])} with {coded(most)}"
        if least != most
        else f"Memory: {size(totals[least])}",
        reading="Resident memory of each part while the mode was under load: the median over its slices. Pages that "
        "processes share are counted in each.",
        alt="Resident memory by mode. "
        + "; ".join(f"{label_words(label)} {size(total)}" for label, total in totals.items())
        + ".",
        table=Table(
            "Resident memory by mode and part",
            columns("Mode", "Part", "Median", "Highest", "Growth over the run, KiB", words="Mode, Part"),
            [
                [label_words(row.label), row.part, size(row.bytes), size(row.highest), number(row.growth / 1024)]
                for row in found
            ],
        ),
        data=found,
        spec=finished(panel(stacked(pieces, labels, unit="MiB", title="MiB"), height=theme.ROW * len(labels))),
        pad=theme.side_pad(labels),
    )


def resident_of(tables: Tables) -> tuple[Resident, ...]:
    """A row per label and part."""
    if tables.resources.is_empty():
        return ()
    kind = pl.when(pl.col("part").str.starts_with("worker")).then(pl.lit("workers")).otherwise(pl.col("part"))
    per_slice = (
        tables.resources.with_columns(kind.alias("part"))
        .filter(pl.col("part").is_in(list(PARTS)))
        .group_by("index", "part")
        .agg(pl.col("rss_bytes").sum())
        .join(tables.spans, on="index")
        .sort("start_ns")
    )
    rss = pl.col("rss_bytes")
    found = per_slice.group_by("label", "part").agg(
        rss.median().alias("bytes"), rss.max().alias("highest"), (rss.last() - rss.first()).alias("growth")
    )
    order, parts = tables.order, list(PARTS)
    kept = [row for row in found.to_dicts() if row["label"] in order]
    return tuple(
        Resident(row["label"], row["part"], int(row["bytes"]), int(row["highest"]), int(row["growth"]))
        for row in sorted(kept, key=lambda r: (order[r["label"]], parts.index(r["part"])))
    )
