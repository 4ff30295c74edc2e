"""The share of requests refused over the stages of an experiment: by workers where their number is what varies."""

from __future__ import annotations

from collections.abc import Iterator

from authlab.report.drawing import theme
from authlab.report.drawing.marks import KNOWN, finished, layer, panel, q, rows, to
from authlab.report.figure import Figure, Table
from authlab.report.figures.failures import HEADS, PREDICTED, cells, listed
from authlab.report.setups import Experiment
from authlab.report.words import coded, label_words, percent

_AXIS_PAD = 44


def stages(experiment: Experiment) -> Iterator[Figure]:
    """Points and intervals, a group per stage. Arms side by side have none: their repetitions are alike."""
    named = [(experiment.name_of(setup), setup, row) for setup in experiment.setups for row in setup.refusals]
    if len(experiment.setups) < 2 or not named or experiment.side_by_side:
        return
    by_workers = experiment.by_workers
    ticks = [str(setup.workers) if by_workers else setup.stage for setup in experiment.setups]
    labels = list(dict.fromkeys(row.label for _, _, row in named))
    data = rows(row for _, _, row in named)
    for held, (_, setup, _) in zip(data, named, strict=True):
        held["n"] = str(setup.workers) if by_workers else setup.stage
    axis = {"title": "workers" if by_workers else "stage", "labelAngle": 0}
    x = {"field": "n", "type": "ordinal", "sort": ticks, "axis": axis}
    offset = {"field": "name", "type": "nominal", "sort": [label_words(label) for label in labels]}
    share = {"format": ".0%", "title": None, **theme.held(_AXIS_PAD), "tickCount": 5}
    colour = theme.colours(labels, legend=True)
    chart = panel(
        layer(data, "tick", where=PREDICTED,
              look={"thickness": 2, "size": 22, "style": "ghost", "orient": "horizontal"},
              x=x, y=q("predicted"), xOffset=offset),
        layer(data, "rule", where=KNOWN, look={"strokeWidth": 2.5},
              x=x, y=q("low"), y2=to("high"), xOffset=offset, color=colour),
        layer(data, "point", look={"size": 70, "filled": True, "opacity": 1},
              x=x, y=q("value", scale={"domain": [0, 1]}, axis=share), xOffset=offset, color=colour,
              shape=theme.shapes(labels, legend=True)),
        height=280,
    )  # fmt: skip
    over = "number of workers" if by_workers else "stage"
    yield Figure(
        id="failures-by-workers" if by_workers else "failures-by-stage",
        title=stages_title(experiment),
        reading=f"Points and whiskers: measured, with 95 % intervals. Grey dash: what was predicted for that {over}.",
        alt=f"Share of requests refused against the {over}. "
        + "; ".join(f"{name}, {row.label}: {percent(row.value)}" for name, _, row in named)
        + ".",
        table=Table(
            f"Requests refused after log-in, by mode and {over}",
            HEADS,
            [[f"{label_words(row.label)}, {name}", *cells(row)[1:]] for name, _, row in named],
        ),
        spec=finished(chart),
        pad=_AXIS_PAD + theme.RIGHT_PAD,
    )


def stages_title(experiment: Experiment) -> str:
    """Who refused how much in which stage, in one line."""
    found = [row for setup in experiment.setups for row in setup.refusals]
    names = [str(setup.workers) if experiment.by_workers else setup.stage for setup in experiment.setups]
    where = f"ith {', '.join(names)} workers" if experiment.by_workers else f"n the stages {', '.join(names)}"
    refusing = dict.fromkeys(row.label for row in found if row.refused)
    if not refusing:
        return f"No mode refused a single request, {'w' if experiment.by_workers else 'i'}{where}"
    said = [
        f"{coded(label)} refused " + ", ".join(percent(row.value) for row in found if row.label == label)
        for label in refusing
    ]
    clean = [coded(label) for label in dict.fromkeys(row.label for row in found) if label not in refusing]
    begin = "W" if experiment.by_workers else "I"
    return f"{begin}{where} {'; '.join(said)}{f'; {listed(clean)} refused none' if clean else ''}"
