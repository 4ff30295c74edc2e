"""Each mode against `none`: a forest plot, with what the A/A pair says could be seen."""

from __future__ import annotations

from typing import Any

import altair as alt

from authlab.report.charts import theme
from authlab.report.charts.ratios import ratio_axis
from authlab.report.figure import Column, Figure, Table
from authlab.report.words import change, coded, inner, label_words, number, percent


def differences_figure(setup: dict[str, Any]) -> Figure | None:
    """A panel per quantity, a row per mode: ratio to `none` with its interval, on the A/A band."""
    sections = setup["differences"]
    if not sections:
        return None
    labels = [x for x in setup["labels"] if any(row["label"] == x for s in sections for row in s["rows"])]
    panels = [_panel(section, labels) for section in sections]
    return Figure(
        id="differences",
        title=differences_title(sections),
        reading=(
            "Change against the mode `none`, paired by block, with 95 % intervals. The row `none (again)` is the A/A "
            "pair: the same thing measured twice. The grey band is as wide as its interval reaches: effects inside it "
            "are smaller than this run could see. Modes are held against both measurements of `none`."
        ),
        alt="Forest plot of changes against none. "
        + " ".join(f"{section['title']}: {_listing(section)}." for section in sections),
        table=_table(sections),
        spec=theme.to_spec(alt.vconcat(*panels, spacing=22)),
        pad=theme.label_pad(labels) + theme.RIGHT_PAD,
        notes=_notes(sections),
    )


def _panel(section: dict[str, Any], labels: list[str]) -> theme.Layered:
    rows = theme.named(section["rows"])
    for row in rows:
        row["said"] = change(row["value"])
    here = [label for label in labels if any(row["label"] == label for row in rows)]
    effect = section["smallest_effect"]
    ends = [row[end] for row in rows for end in ("low", "high", "value") if row[end]]
    ends += [1 / (1 + effect), 1 + effect] if effect else []
    x = ratio_axis("value:Q", ends, f"change against {section['against']}")
    y = theme.names_axis(here)
    base = alt.Chart(theme.data(rows)).encode(y=y)
    tips = [
        alt.Tooltip("name:N", title="mode"),
        alt.Tooltip("said:N", title="change"),
        alt.Tooltip("value:Q", title="ratio", format=".3f"),
        alt.Tooltip("low:Q", title="from", format=".3f"),
        alt.Tooltip("high:Q", title="to", format=".3f"),
    ]
    layers: list[alt.Chart] = []
    if effect:
        band = [{"from": 1 / (1 + effect), "to": 1 + effect}]
        layers.append(
            alt.Chart(theme.data(band))
            .mark_rect(style="ghost", opacity=0.16, strokeWidth=0)
            .encode(x=ratio_axis("from:Q", ends, ""), x2="to:Q")
        )
    layers += [
        alt.Chart(theme.data([{"at": 1}])).mark_rule(style="ghost", strokeDash=[3, 3]).encode(x=alt.X("at:Q")),
        base.transform_filter("isValid(datum.low)")
        .mark_rule(strokeWidth=2.5)
        .encode(x=alt.X("low:Q"), x2="high:Q", color=theme.colours(here)),
        base.mark_point(size=70, filled=True, opacity=1).encode(
            x=x, color=theme.colours(here), shape=theme.shapes(here), tooltip=tips
        ),
        base.mark_text(dy=-12, fontSize=11).encode(x=alt.X("value:Q"), text="said:N"),
    ]
    return alt.layer(*layers).properties(height=(theme.ROW + 4) * len(here), title=alt.Title(section["title"]))


def _table(sections: list[dict[str, Any]]) -> Table:
    return Table(
        "Ratios to none, paired by block",
        (
            Column("Quantity", numeric=False),
            Column("Mode", numeric=False),
            Column("Change"),
            Column("Ratio"),
            Column("95 % interval"),
            Column("Blocks"),
        ),
        [
            [
                section["title"],
                label_words(row["label"]),
                change(row["value"]),
                number(row["value"], 4),
                f"[{number(row['low'], 4)}, {number(row['high'], 4)}]" if row["low"] is not None else "—",
                str(row["blocks"]),
            ]
            for section in sections
            for row in section["rows"]
        ],
    )


def differences_title(sections: list[dict[str, Any]]) -> str:
    """What each mode costs against `none`, in one line."""
    chosen = next((section for section in sections if section["quantity"] == "cpu"), sections[0])
    own = [row for row in chosen["rows"] if row["label"] == row["mode"]]
    if not own:
        return "The same mode, measured twice"
    seen = [row for row in own if _visible(row, chosen["smallest_effect"])]
    unseen = [coded(row["label"]) for row in own if row not in seen]
    against = f"{chosen['title']} against {coded(chosen['against'])}"
    if not seen:
        return f"{against}: no difference that this run could see"
    said = ", ".join(f"{coded(row['label'])} {change(row['value'])}" for row in seen)
    return f"{against}: {said}" + (f"; too small to see: {', '.join(unseen)}" if unseen else "")


def _visible(row: dict[str, Any], smallest: float | None) -> bool:
    """Whether a ratio's interval leaves out 1, and the ratio lies beyond what the A/A pair says could be seen."""
    if row["low"] is None or row["high"] is None or row["low"] <= 1 <= row["high"]:
        return False
    return smallest is None or max(row["value"], 1 / row["value"]) - 1 > smallest


def _notes(sections: list[dict[str, Any]]) -> list[str]:
    seen = [
        f"{percent(section['smallest_effect'])} in {inner(section['title'])}"
        for section in sections
        if section["smallest_effect"] is not None
    ]
    return [f"Smallest effect that could be seen: {', '.join(seen)}."] if seen else []


def _listing(section: dict[str, Any]) -> str:
    return ", ".join(f"{label_words(row['label'])} {change(row['value'])}" for row in section["rows"])
