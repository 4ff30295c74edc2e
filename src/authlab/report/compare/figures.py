"""Effects between runs as figures: one forest plot per quantity."""

from __future__ import annotations

from collections.abc import Sequence

from authlab.report.compare.comparison import Comparison
from authlab.report.compare.rows import Compared, Effect, Row
from authlab.report.drawing import theme
from authlab.report.drawing.marks import KNOWN, Rows, Spec, finished, layer, n, panel, q, rows, tip, to
from authlab.report.drawing.ratios import ratio_axis
from authlab.report.figure import Figure, Table, columns
from authlab.report.palette import look
from authlab.report.words import coded, label_words, measured


def effect_figures(comparison: Comparison) -> list[Figure]:
    """One per quantity, on the band that counts as the same."""
    margins = comparison.margins
    return [_figure(held, comparison.keys, margins.ends(held.kind)) for held in comparison.quantities]


def _figure(held: Compared, keys: Sequence[str], ends: tuple[float, float]) -> Figure:
    """Each mode's effect in every later run against the first."""
    effects = [(_name(held, row, effect, keys), row, effect) for row in held.rows for effect in row.effects]
    names = [name for name, _, _ in effects]
    kind = "Difference in percentage points" if held.kind == "difference" else "Change"
    said = "; ".join(f"{name} {held.say(effect.value)}" for name, _, effect in effects)
    return Figure(
        id=held.quantity.replace("_", "-"),
        title=_title(held),
        reading=(
            f"{kind} against run {keys[0]}, with 95 % intervals from both runs’ blocks. The grey band is "
            "the margin: an interval wholly inside is the same, to its right worse, to its left better. One that holds "
            "the dashed line shows no difference at all."
        ),
        alt=f"{held.title}, against run {keys[0]}. {said}.",
        table=_table(held, keys),
        spec=finished(_chart(held, effects, ends)),
        pad=theme.side_pad(names),
        notes=_notes(held),
    )


def _notes(held: Compared) -> list[str]:
    """Why effects of this quantity are inconclusive, and whether it is part of the verdict."""
    labels: dict[str, list[str]] = {}
    for row in held.rows:
        for reason in (reason for effect in row.effects for reason in effect.reasons):
            labels.setdefault(reason, []).append(coded(row.label))
    found = [f"{', '.join(dict.fromkeys(names))}: {reason}." for reason, names in labels.items()]
    return found if held.counts else [*found, "Not part of the verdict: the ratio to `none` is."]


def _name(held: Compared, row: Row, effect: Effect, keys: Sequence[str]) -> str:
    name = label_words(row.label)
    if len({other.workers for other in held.rows}) > 1:
        name += f", N = {row.workers}"
    return f"{name} · {effect.key}" if len(keys) > 2 else name


def _chart(held: Compared, effects: Sequence[tuple[str, Row, Effect]], ends: tuple[float, float]) -> Spec:
    reach = [*ends, *(end for *_, e in effects for end in (e.value, e.low, e.high) if end is not None)]
    relative = held.kind == "ratio"

    def axis(field: str) -> Spec:
        return ratio_axis(field, reach, "change") if relative else _points_axis(field, reach)

    data = rows(
        {
            "name": name,
            "said": held.say(effect.value),
            "value": effect.value,
            "low": effect.low,
            "high": effect.high,
            "colour": look(row.label).colour,
            "shape": look(row.label).shape,
        }
        for name, row, effect in effects
    )
    y, colour = theme.names_axis([name for name, _, _ in effects]), n("colour", scale=None)
    null = Rows([{"at": 1.0 if relative else 0.0}])
    return panel(
        layer(Rows([{"from": ends[0], "to": ends[1]}]), "rect",
              look={"style": "ghost", "opacity": 0.16, "strokeWidth": 0}, x=axis("from"), x2=to("to")),
        layer(null, "rule", look={"style": "ghost", "strokeDash": [3, 3]}, x=q("at")),
        layer(data, "rule", where=KNOWN, look={"strokeWidth": 2.5}, y=y, x=q("low"), x2=to("high"), color=colour),
        layer(data, "point", look={"size": 70, "filled": True, "opacity": 1}, y=y, x=axis("value"), color=colour,
              shape=n("shape", scale=None), tooltip=[tip("name", "mode"), tip("said", "effect")]),
        layer(data, "text", look={"dy": -12, "fontSize": 11}, y=y, x=q("value"), text=n("said")),
        height=(theme.ROW + 4) * len(effects),
    )  # fmt: skip


def _points_axis(field: str, ends: Sequence[float]) -> Spec:
    reach = max(0.01, *(abs(end) for end in ends)) * 1.1
    axis = {
        "title": "percentage points",
        "labelExpr": "(datum.value > 0 ? '+' : datum.value < 0 ? '−' : '') + format(abs(datum.value) * 100, '~g')",
        "tickCount": 6,
    }
    return q(field, scale={"domain": [-reach, reach], "nice": False}, axis=axis)


def _title(held: Compared) -> str:
    effects = [(row, effect) for row in held.rows for effect in row.effects]
    said = []
    for verdict in ("worse", "better"):
        hits = [f"{coded(row.label)} {held.say(effect.value)}" for row, effect in effects if effect.verdict == verdict]
        said += [f"{verdict} with {', '.join(dict.fromkeys(hits))}"] if hits else []
    if not said:
        unsure = any(effect.verdict == "inconclusive" for _, effect in effects)
        said = ["these runs can’t tell" if unsure else "the same within the margin"]
    return f"{held.title}: {'; '.join(said)}"


def _table(held: Compared, keys: Sequence[str]) -> Table:
    heads = ["Mode", "Workers", *(f"Run {key}" for key in keys)]
    for key in keys[1:]:
        heads += [f"{key} against {keys[0]}", "Verdict"]
    cells = []
    for row in held.rows:
        line = [label_words(row.label), str(row.workers or "—")]
        line += [measured(run.value, run.interval, held.unit) for run in row.runs]
        by_key = {effect.key: effect for effect in row.effects}
        for key in keys[1:]:
            effect = by_key.get(key)
            line += [held.said(effect), effect.verdict] if effect else ["—", "—"]
        cells.append(line)
    return Table(f"{held.title}, by mode and run", columns(*heads, words="Mode, Verdict"), cells)
