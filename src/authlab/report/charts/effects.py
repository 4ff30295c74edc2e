"""Effects between runs: one forest plot per quantity."""

from __future__ import annotations

from typing import Any

import altair as alt

from authlab.report.charts import theme
from authlab.report.charts.ratios import ratio_axis
from authlab.report.figure import Column, Figure, Table
from authlab.report.palette import look
from authlab.report.words import change, coded, label_words, measured, points


def effects_figure(quantity: dict[str, Any], keys: list[str], ends: tuple[float, float]) -> Figure:
    """Each mode's effect in every later run against the first, on the band between `ends` that counts as the same."""
    rows = [_shown(quantity, row, effect, keys) for row in quantity["rows"] for effect in row["effects"]]
    names = [row["name"] for row in rows]
    return Figure(
        id=quantity["quantity"].replace("_", "-"),
        title=_title(quantity),
        reading=(
            f"{_kind(quantity)} against run {keys[0]}, with 95 % intervals from both runs’ blocks. The grey band is "
            "the margin: an interval wholly inside is the same, to its right worse, to its left better. One that holds "
            "the dashed line shows no difference at all."
        ),
        alt=f"{quantity['title']}, against run {keys[0]}. " + "; ".join(f"{r['name']} {r['said']}" for r in rows) + ".",
        table=_table(quantity, keys),
        spec=theme.to_spec(_chart(quantity, rows, names, ends)),
        pad=theme.label_pad(names) + theme.RIGHT_PAD,
        notes=notes_of(quantity),
    )


def notes_of(quantity: dict[str, Any]) -> list[str]:
    """Why effects of this quantity are inconclusive, and whether it is part of the verdict."""
    labels: dict[str, list[str]] = {}
    for row in quantity["rows"]:
        for reason in (reason for effect in row["effects"] for reason in effect["reasons"]):
            labels.setdefault(reason, []).append(coded(row["label"]))
    found = [f"{', '.join(dict.fromkeys(held))}: {reason}." for reason, held in labels.items()]
    return found if quantity["counts"] else [*found, "Not part of the verdict: the ratio to `none` is."]


def _kind(quantity: dict[str, Any]) -> str:
    return "Difference in percentage points" if quantity["kind"] == "difference" else "Change"


def _shown(quantity: dict[str, Any], row: dict[str, Any], effect: dict[str, Any], keys: list[str]) -> dict[str, Any]:
    name = label_words(row["label"])
    if len({other["workers"] for other in quantity["rows"]}) > 1:
        name += f", N = {row['workers']}"
    if len(keys) > 2:
        name += f" · {effect['key']}"
    seen = look(row["label"])
    said = points(effect["value"]) if quantity["kind"] == "difference" else change(effect["value"])
    return {**effect, "name": name, "said": said, "colour": seen.colour, "shape": seen.shape}


def _chart(
    quantity: dict[str, Any], rows: list[dict[str, Any]], names: list[str], ends: tuple[float, float]
) -> theme.Layered:
    reach = [*ends, *(row[end] for row in rows for end in ("value", "low", "high") if row[end] is not None)]
    relative = quantity["kind"] == "ratio"

    def axis(field: str) -> alt.X:
        return ratio_axis(field, reach, "change") if relative else _points_axis(field, reach)

    x = axis("value:Q")
    null = 1.0 if relative else 0.0
    colour = alt.Color("colour:N", scale=None)
    base = alt.Chart(theme.data(rows)).encode(y=theme.names_axis(names))
    return alt.layer(
        alt.Chart(theme.data([{"from": ends[0], "to": ends[1]}]))
        .mark_rect(style="ghost", opacity=0.16, strokeWidth=0)
        .encode(x=axis("from:Q"), x2="to:Q"),
        alt.Chart(theme.data([{"at": null}])).mark_rule(style="ghost", strokeDash=[3, 3]).encode(x=alt.X("at:Q")),
        base.transform_filter("isValid(datum.low)")
        .mark_rule(strokeWidth=2.5)
        .encode(x=alt.X("low:Q"), x2="high:Q", color=colour),
        base.mark_point(size=70, filled=True, opacity=1).encode(
            x=x,
            color=colour,
            shape=alt.Shape("shape:N", scale=None),
            tooltip=[alt.Tooltip("name:N", title="mode"), alt.Tooltip("said:N", title="effect")],
        ),
        base.mark_text(dy=-12, fontSize=11).encode(x=alt.X("value:Q"), text="said:N"),
    ).properties(height=(theme.ROW + 4) * len(rows))


def _points_axis(field: str, ends: list[float]) -> alt.X:
    reach = max(0.01, *(abs(end) for end in ends)) * 1.1
    axis = alt.Axis(
        title="percentage points",
        labelExpr="(datum.value > 0 ? '+' : datum.value < 0 ? '−' : '') + format(abs(datum.value) * 100, '~g')",
        tickCount=6,
    )
    return alt.X(field, scale=alt.Scale(domain=[-reach, reach], nice=False), axis=axis)


def _title(quantity: dict[str, Any]) -> str:
    say = points if quantity["kind"] == "difference" else change
    said = []
    for verdict in ("worse", "better"):
        hits = [
            f"{coded(row['label'])} {say(effect['value'])}"
            for row in quantity["rows"]
            for effect in row["effects"]
            if effect["verdict"] == verdict
        ]
        said += [f"{verdict} with {', '.join(dict.fromkeys(hits))}"] if hits else []
    if not said:
        unsure = any(effect["verdict"] == "inconclusive" for row in quantity["rows"] for effect in row["effects"])
        said = ["these runs can’t tell" if unsure else "the same within the margin"]
    return f"{quantity['title']}: {'; '.join(said)}"


def _table(quantity: dict[str, Any], keys: list[str]) -> Table:
    columns = [Column("Mode", numeric=False), Column("Workers"), *(Column(f"Run {key}") for key in keys)]
    for key in keys[1:]:
        columns += [Column(f"{key} against {keys[0]}"), Column("Verdict", numeric=False)]
    rows = []
    for row in quantity["rows"]:
        cells = [label_words(row["label"]), str(row["workers"] or "—")]
        cells += [measured(r["value"], _interval(r), quantity["unit"]) for r in row["runs"]]
        by_key = {effect["key"]: effect for effect in row["effects"]}
        for key in keys[1:]:
            cells += effect_cells(quantity, by_key.get(key))
        rows.append(cells)
    return Table(f"{quantity['title']}, by mode and run", columns, rows)


def effect_cells(quantity: dict[str, Any], effect: dict[str, Any] | None) -> list[str]:
    """An effect with its interval, and its verdict."""
    if effect is None:
        return ["—", "—"]
    say = points if quantity["kind"] == "difference" else change
    around = "" if effect["low"] is None else f" [{say(effect['low'])}, {say(effect['high'])}]"
    return [f"{say(effect['value'])}{around}", effect["verdict"]]


def _interval(row: dict[str, Any]) -> tuple[float, float] | None:
    return None if row["low"] is None or row["high"] is None else (row["low"], row["high"])
