"""Share of the answers that each worker gave, per mode."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from authlab.report.drawing import theme
from authlab.report.drawing.marks import Rows, Spec, finished, layer, panel, q, rows, tip
from authlab.report.figure import Figure, Table, columns
from authlab.report.setups import Setup
from authlab.report.words import label_words, percent, whole


@dataclass(frozen=True)
class Share:
    """Requests of a label that one worker answered, as a share of all that named a worker; `expected`: the even one."""

    label: str
    worker: str
    requests: int
    share: float
    expected: float | None


def balance(setup: Setup) -> Iterator[Figure]:
    """A point per worker on its mode's row, against the even share."""
    found = shares_of(setup)
    if len({row.worker for row in found}) < 2:
        return
    labels = list(dict.fromkeys(row.label for row in found))
    values = [row.share for row in found]
    expected = found[0].expected
    even = f" The dashed line is the even share, {percent(expected)}." if expected else ""
    yield Figure(
        id="balance",
        title=f"Each worker gave between {percent(min(values))} and {percent(max(values))} of the answers",
        reading=f"One mark per worker: its share of its mode’s answers.{even}",
        alt="Share of answers per worker, by mode. "
        + " ".join(
            f"{label_words(label)}: "
            + ", ".join(f"{row.worker} {percent(row.share)}" for row in found if row.label == label)
            + "."
            for label in labels
        ),
        table=Table(
            "Answers by mode and worker",
            columns("Mode", "Worker", "Answers", "Share", words="Mode, Worker"),
            [[label_words(row.label), row.worker, whole(row.requests), percent(row.share)] for row in found],
        ),
        data=found,
        spec=finished(_chart(found, labels, expected)),
        pad=theme.side_pad(labels),
    )


def shares_of(setup: Setup) -> tuple[Share, ...]:
    """A row per label and worker."""
    counts = (
        setup.tables.samples.lazy()
        .filter(~pl.col("warmup") & (pl.col("worker") != ""))
        .group_by("label", "worker")
        .agg(pl.len().alias("requests"))
        .with_columns((pl.col("requests") / pl.col("requests").sum().over("label")).alias("share"))
        .collect()
    )
    order = setup.tables.order
    kept = [row for row in counts.to_dicts() if row["label"] in order]
    return tuple(
        Share(row["label"], row["worker"], row["requests"], row["share"], _even(setup, row["label"]))
        for row in sorted(kept, key=lambda r: (order[r["label"]], r["worker"]))
    )


def _even(setup: Setup, label: str) -> float | None:
    workers = setup.workers_of(label)
    return 1 / workers if workers else None


def _chart(found: Sequence[Share], labels: Sequence[str], expected: float | None) -> Spec:
    scale = {"domain": _domain([row.share for row in found], expected), "nice": False, "zero": False}
    tips = [
        tip("name", "mode"),
        tip("worker", "worker"),
        tip("share", "share", ".2%"),
        tip("requests", "answers", ","),
    ]
    axis = {"format": ".0%", "title": "share of the mode’s answers", "tickCount": 6}
    even = Rows([{"at": expected}] if expected else [])
    return panel(
        layer(even, "rule", look={"style": "ghost", "strokeDash": [3, 3]}, x=q("at", scale=scale)),
        layer(rows(found), "point", look={"size": 80, "strokeWidth": 2, "opacity": 0.9, "filled": False},
              y=theme.names_axis(labels), x=q("share", scale=scale, axis=axis),
              color=theme.colours(labels), shape=theme.shapes(labels), tooltip=tips),
        height=theme.ROW * len(labels),
    )  # fmt: skip


def _domain(shares: Sequence[float], expected: float | None) -> list[float]:
    """Around the even share, at least five points to each side: small unevenness stays small."""
    middle = expected or sum(shares) / len(shares)
    reach = max(0.05, 1.2 * max(abs(share - middle) for share in shares))
    return [max(0.0, middle - reach), min(1.0, middle + reach)]
