"""Each mode against `none`: a forest plot, with what the A/A pair says could be seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from authlab.report.drawing import theme
from authlab.report.drawing.marks import KNOWN, Rows, Spec, below, finished, layer, n, panel, q, rows, tip, to
from authlab.report.drawing.ratios import ratio_axis
from authlab.report.estimates import Labelled
from authlab.report.figure import Figure, Table, columns
from authlab.report.measures.ratios import Section
from authlab.report.setups import Setup
from authlab.report.words import change, coded, inner, label_words, number, percent


def differences(setup: Setup) -> Iterator[Figure]:
    """A panel per quantity, a row per mode: ratio to `none` with its interval, on the A/A band."""
    sections = setup.ratios
    if not sections:
        return
    labels = [label for label in setup.labels if any(row.label == label for s in sections for row in s.rows)]
    yield Figure(
        id="differences",
        title=differences_title(sections),
        reading=(
            "Change against the mode `none`, paired by block, with 95 % intervals. The row `none (again)` is the A/A "
            "pair: the same thing measured twice. The grey band is as wide as its interval reaches: effects inside it "
            "are smaller than this run could see. Modes are compared with both measurements of `none`."
        ),
        alt="Forest plot of changes against none. "
        + " ".join(f"{section.title}: {_listing(section)}." for section in sections),
        table=Table(
            "Ratios to none, paired by block",
            columns("Quantity", "Mode", "Change", "Ratio", "95 % interval", "Blocks", words="Quantity, Mode"),
            [_cells(section, row) for section in sections for row in section.rows],
        ),
        spec=finished(below([_panel(section) for section in sections])),
        pad=theme.side_pad(labels),
        notes=[*_notes(sections), *_token_notes(setup)],
    )


def _panel(section: Section) -> Spec:
    data = rows(section.rows)
    for row in data:
        row["said"] = change(row["value"])
    labels = [row.label for row in section.rows]
    effect = section.smallest_effect
    ends = [row[end] for row in data for end in ("low", "high", "value") if row[end]]
    ends += [1 / (1 + effect), 1 + effect] if effect else []
    y, colour = theme.names_axis(labels), theme.colours(labels)
    tips = [
        tip("name", "mode"),
        tip("said", "change"),
        tip("value", "ratio", ".3f"),
        tip("low", "from", ".3f"),
        tip("high", "to", ".3f"),
    ]
    layers = [
        layer(Rows([{"at": 1}]), "rule", look={"style": "ghost", "strokeDash": [3, 3]}, x=q("at")),
        layer(data, "rule", where=KNOWN, look={"strokeWidth": 2.5}, y=y, x=q("low"), x2=to("high"), color=colour),
        layer(data, "point", look={"size": 70, "filled": True, "opacity": 1}, y=y,
              x=ratio_axis("value", ends, f"change against {section.against}"),
              color=colour, shape=theme.shapes(labels), tooltip=tips),
        layer(data, "text", look={"dy": -12, "fontSize": 11}, y=y, x=q("value"), text=n("said")),
    ]  # fmt: skip
    if effect:
        band = Rows([{"from": 1 / (1 + effect), "to": 1 + effect}])
        look = {"style": "ghost", "opacity": 0.16, "strokeWidth": 0}
        layers.insert(0, layer(band, "rect", look=look, x=ratio_axis("from", ends, ""), x2=to("to")))
    return panel(*layers, height=(theme.ROW + 4) * len(labels), title=section.title)


def _cells(section: Section, row: Labelled) -> list[str]:
    return [
        section.title,
        label_words(row.label),
        change(row.value),
        number(row.value, 4),
        f"[{number(row.low, 4)}, {number(row.high, 4)}]" if row.interval else "—",
        str(row.blocks),
    ]


def differences_title(sections: Sequence[Section]) -> str:
    """What each mode costs against `none`, in one line."""
    chosen = next((section for section in sections if section.quantity == "cpu"), sections[0])
    own = [row for row in chosen.rows if row.own]
    if not own:
        return "`none` was measured twice; there is nothing to compare it with"
    seen = [row for row in own if _visible(row, chosen.smallest_effect)]
    unseen = [coded(row.label) for row in own if row not in seen]
    against = f"{chosen.title} against {coded(chosen.against)}"
    if not seen:
        return f"{against}: no difference that this run could see"
    said = ", ".join(f"{coded(row.label)} {change(row.value)}" for row in seen)
    return f"{against}: {said}" + (f"; too small to see: {', '.join(unseen)}" if unseen else "")


def _visible(row: Labelled, smallest: float | None) -> bool:
    """Whether a ratio's interval leaves out 1, and the ratio lies beyond what the A/A pair says could be seen."""
    if row.value is None or row.low is None or row.high is None or row.low <= 1 <= row.high:
        return False
    return smallest is None or max(row.value, 1 / row.value) - 1 > smallest


def _notes(sections: Sequence[Section]) -> list[str]:
    seen = [f"{percent(s.smallest_effect)} in {inner(s.title)}" for s in sections if s.smallest_effect is not None]
    return [f"Smallest effect that could be seen: {', '.join(seen)}."] if seen else []


def _token_notes(setup: Setup) -> list[str]:
    """A token's length decides what it costs to sign, send and verify."""
    found = {trial.mode: trial.summary.get("token_bytes") for trial in setup.tables.trials}
    said = [f"{coded(label)} {length} bytes" for label, length in found.items() if isinstance(length, int)]
    return [f"Length of a token: {', '.join(said)}."] if said else []


def _listing(section: Section) -> str:
    return ", ".join(f"{label_words(row.label)} {change(row.value)}" for row in section.rows)
