"""CPU time per request, stacked by the part of the stack that spent it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from authlab.report.drawing import theme
from authlab.report.drawing.marks import KNOWN, Spec, finished, layer, panel, q, rows, to
from authlab.report.drawing.stacks import stacked
from authlab.report.figure import Figure, Table, columns
from authlab.report.measures.costs import Cost
from authlab.report.palette import PARTS
from authlab.report.setups import Setup
from authlab.report.words import NBSP, coded, interval_in_unit, label_words, number


def cpu(setup: Setup) -> Iterator[Figure]:
    """A bar per mode: proxy, workers, store; a whisker for the interval of the total."""
    costs = setup.costs
    if not costs:
        return
    yield Figure(
        id="cpu",
        title=_title(costs),
        reading="CPU time that a request took on the server’s side, in microseconds, by the part that spent it. The "
        "whisker is the 95 % interval of the whole.",
        alt="CPU time per request, by mode. "
        + "; ".join(
            f"{label_words(row.label)} {number(row.value)}{NBSP}µs ("
            + ", ".join(f"{part} {number(spent)}" for part, spent in _parts(row) if spent)
            + ")"
            for row in costs
        )
        + ".",
        table=Table(
            "CPU time per request in microseconds, by part",
            columns("Mode", "Total", "95 % interval", "Proxy", "Workers", "Store", "Blocks", words="Mode"),
            [_cells(row) for row in costs],
        ),
        spec=finished(_chart(costs)),
        pad=theme.side_pad(row.label for row in costs),
    )


def _parts(row: Cost) -> list[tuple[str, float | None]]:
    return list(zip(PARTS, (row.proxy, row.workers, row.store), strict=True))


def _chart(costs: Sequence[Cost]) -> Spec:
    labels = [row.label for row in costs]
    pieces = [
        {"label": row.label, "part": part, "amount": spent} for row in costs for part, spent in _parts(row) if spent
    ]
    data, y = rows(costs), theme.names_axis(labels)
    tick = {"style": "ink", "thickness": 2, "size": 9, "orient": "vertical"}
    return panel(
        stacked(pieces, labels, unit="µs", title="µs of CPU per request"),
        layer(data, "rule", where=KNOWN, look={"style": "ink", "strokeWidth": 2}, y=y, x=q("low"), x2=to("high")),
        *(layer(data, "tick", where=KNOWN, look=tick, y=y, x=q(end)) for end in ("low", "high")),
        height=theme.ROW * len(labels),
    )


def _cells(row: Cost) -> list[str]:
    return [
        label_words(row.label),
        number(row.value),
        interval_in_unit(row.interval, "").strip() or "—",
        *(number(spent) for _, spent in _parts(row)),
        str(row.blocks),
    ]


def _title(costs: Sequence[Cost]) -> str:
    own = [row for row in costs if row.own] or costs
    least, most = min(own, key=lambda row: row.value or 0), max(own, key=lambda row: row.value or 0)
    if least is most:
        return f"A request of {coded(least.label)} took {number(least.value)}{NBSP}µs of CPU"
    return (
        f"A request took {number(least.value)}{NBSP}µs of CPU with {coded(least.label)}, "
        f"{number(most.value)}{NBSP}µs with {coded(most.label)}"
    )
