"""Vega-Lite in few words: marks, encodings, layers, panels. Rows stay by themselves until a chart is finished."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from authlab.report.words import label_words

Spec = dict[str, Any]
"""A part of a Vega-Lite specification: the one place where the report's values lose their types."""

Row = dict[str, Any]

KNOWN: Final = "isValid(datum.low)"
"""Where an interval is known."""

SIGNIFICANT: Final = 6
"""Digits of a number in a chart: more are not drawn."""


class Rows(list[Row]):
    """Rows of data. A list that several layers draw stands in the chart once."""


def rows(items: Iterable[Any]) -> Rows:
    """Flat dataclasses or dicts as rows; those with a label get `name`, the label as charts write it."""
    found = Rows()
    for item in items:
        row = dict(item) if isinstance(item, dict) else dict(vars(item))
        if "label" in row:
            row.setdefault("name", label_words(row["label"]))
        found.append(row)
    return found


def q(field: str, **more: Any) -> Spec:
    """A quantitative encoding; `axis` and `scale` as Vega-Lite has them."""
    return {"field": field, "type": "quantitative", **more}


def n(field: str, **more: Any) -> Spec:
    """A nominal encoding."""
    return {"field": field, "type": "nominal", **more}


def to(field: str) -> Spec:
    """The other end of a span."""
    return {"field": field}


def at(value: float) -> Spec:
    """A place in pixels."""
    return {"value": value}


def tip(field: str, title: str, format: str = "") -> Spec:
    """A line of a tooltip: a number where it has a format, else text."""
    return (
        {"field": field, "title": title, "type": "quantitative", "format": format} if format else n(field, title=title)
    )


def layer(data: Sequence[Row], mark: str, *, where: str = "", look: Spec | None = None, **encoding: Any) -> Spec:
    """One layer: `mark` with its `look` (Vega's mark properties) over `data`, `where` an expression holds."""
    spec: Spec = {
        "data": data if isinstance(data, Rows) else Rows(data),
        "mark": {"type": mark, **(look or {})},
        "encoding": encoding,
    }
    return {**spec, "transform": [{"filter": where}]} if where else spec


def panel(*layers: Spec, height: float, title: str = "") -> Spec:
    """Layers on one plot."""
    spec: Spec = {"layer": list(layers), "height": height}
    return {**spec, "title": title} if title else spec


def below(panels: Sequence[Spec], spacing: int = 22) -> Spec:
    """Plots one below the other."""
    return {"vconcat": list(panels), "spacing": spacing}


def finished(spec: Spec) -> Spec:
    """The specification with its rows as named datasets, each once, numbers rounded to what can be drawn."""
    held: dict[int, str] = {}
    datasets: dict[str, list[Row]] = {}

    def name_of(data: Rows) -> str:
        if id(data) not in held:
            held[id(data)] = f"d{len(held)}"
            datasets[held[id(data)]] = [{key: _rounded(value) for key, value in row.items()} for row in data]
        return held[id(data)]

    def walk(part: Any) -> Any:
        if isinstance(part, Rows):
            return {"name": name_of(part)}
        if isinstance(part, dict):
            return {key: walk(value) for key, value in part.items()}
        return [walk(item) for item in part] if isinstance(part, list) else part

    return {**walk(spec), "datasets": datasets}


def _rounded(value: Any) -> Any:
    return float(f"{value:.{SIGNIFICANT}g}") if isinstance(value, float) else value


def height_of(spec: Spec) -> int:
    """Pixels that a chart will need, about: room is kept for it while it is being drawn."""
    views = spec.get("vconcat", [spec])
    return int(sum(view.get("height", 200) + 22 for view in views) + spec.get("spacing", 0) * (len(views) - 1) + 50)
