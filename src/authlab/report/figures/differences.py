"""Each mode against `none`: a forest plot. The A/A twin is one of its rows."""

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
    """A panel per quantity, a row per mode: ratio to `none` with its interval."""
    sections = setup.ratios
    if not sections:
        return
    labels = [label for label in setup.labels if any(row.label == label for s in sections for row in s.rows)]
    yield Figure(
        id="differences",
        title=differences_title(sections),
        reading=(
            "Change against the mode `none`, paired by block, with 95 % intervals. A difference is real if its "
            "interval leaves out the line. The row `none (again)` is the A/A pair, the same thing measured twice: its "
            "interval should contain the line. Modes are compared with both measurements of `none`."
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
    ends = [row[end] for row in data for end in ("low", "high", "value") if row[end]]
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
    seen = [row for row in own if _differs(row)]
    unseen = [coded(row.label) for row in own if row not in seen]
    against = f"{chosen.title} against {coded(chosen.against)}"
    if not seen:
        return f"{against}: no difference that this run could see"
    said = ", ".join(f"{coded(row.label)} {change(row.value)}" for row in seen)
    return f"{against}: {said}" + (f"; too small to see: {', '.join(unseen)}" if unseen else "")


def _differs(row: Labelled) -> bool:
    """Whether a ratio's interval leaves out 1."""
    return row.low is not None and row.high is not None and not row.low <= 1 <= row.high


def _notes(sections: Sequence[Section]) -> list[str]:
    twins = [(inner(s.title), s.twin, s.twins_agree) for s in sections]
    said = [f"{title} {change(row.value)}{'' if agree else ', a difference'}" for title, row, agree in twins if row]
    notes = [f"The A/A pair: {'; '.join(said)}."] if said else []
    known = [f"{percent(s.starts)} in {inner(s.title)}" for s in sections if s.starts is not None]
    return [*notes, *([f"Spread between starts: {', '.join(known)}."] if known else [])]


def _token_notes(setup: Setup) -> list[str]:
    """A token's length decides what it costs to sign, send and verify."""
    found = {trial.mode: trial.summary.get("token_bytes") for trial in setup.tables.trials}
    said = [f"{coded(label)} {length} bytes" for label, length in found.items() if isinstance(length, int)]
    return [f"Length of a token: {', '.join(said)}."] if said else []


def _listing(section: Section) -> str:
    return ", ".join(f"{label_words(row.label)} {change(row.value)}" for row in section.rows)
