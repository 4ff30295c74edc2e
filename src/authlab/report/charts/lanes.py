"""A counter-example as lanes: who asked whom when, from the user down to the store."""

from __future__ import annotations

from typing import Any, Final

import altair as alt

from authlab.model.history import LANES
from authlab.report.charts import theme
from authlab.report.charts.harm import checker_words
from authlab.report.figure import Column, Figure, Table
from authlab.report.palette import FAULT, OTHER, OUTCOMES
from authlab.report.words import coded, sentence

_LANE_PX: Final = 44
_AXIS_PAD: Final = 72
_ABOVE: Final = 0.62
_USER: Final = LANES.index("user")


def example_figures(setup: dict[str, Any]) -> list[Figure]:
    """A figure per counter-example of a setup's arms."""
    found = [(arm, example) for arm in setup["history"]["arms"] for example in arm["examples"] if example["events"]]
    return [_figure(number, arm, example) for number, (arm, example) in enumerate(found, start=1)]


def _figure(number: int, arm: dict[str, Any], example: dict[str, Any]) -> Figure:
    steps = [f"At {line}" for line in example["lines"]]
    return Figure(
        id=f"example-{number}",
        title=f"{coded(arm['label'])}: {checker_words(example['checker'])} violated",
        reading=f"{sentence(example['summary'])}. This is the shortest proof, beginning {_begin(example['at_s'])}. "
        "Arrows: a request down to the farthest part that is known to have had a hand in it, and its answer back up. "
        "Bars: faults. All steps of time are drawn alike, however long they took.",
        alt=f"Lanes of user, proxy, workers and store. {' '.join(f'{n}: {s}.' for n, s in enumerate(steps, start=1))}",
        table=_table(example),
        spec=theme.to_spec(_chart(example["events"])),
        pad=_AXIS_PAD + theme.RIGHT_PAD,
        steps=steps,
    )


def _begin(at_s: float) -> str:
    return f"{abs(at_s):.3f} s {'before' if at_s < 0 else 'after'} the load’s start"


def _chart(events: list[dict[str, Any]]) -> theme.Layered:
    rows = _placed(events)
    last = max(row["to"] for row in rows)
    scale = alt.Scale(domain=[-0.6, last + 0.6], nice=False)
    starts = {row["from"]: row["at"] for row in rows}
    lookup = ", ".join(f"'{place}': '{at}'" for place, at in starts.items())
    axis = alt.Axis(
        title="seconds after the first event, not to scale",
        values=sorted(starts),
        grid=False,
        labelExpr=f"{{{lookup}}}[toString(datum.value)]",
    )
    lanes = alt.Axis(
        title=None,
        values=list(range(len(LANES))),
        labelExpr=f"[{', '.join(repr(lane) for lane in LANES)}][datum.value]",
        minExtent=_AXIS_PAD,
        maxExtent=_AXIS_PAD,
        domain=False,
        ticks=False,
        grid=True,
        labelFontSize=13,
    )
    down = alt.Scale(domain=[-_ABOVE, len(LANES) - 0.6], reverse=True, nice=False)
    x, end = alt.X("from:Q", scale=scale, axis=axis), alt.X("to:Q", scale=scale, axis=axis)
    y = alt.Y("lane_at:Q", scale=down, axis=lanes)
    colour = alt.Color("colour:N", scale=None)
    asked = alt.Chart(theme.data([row for row in rows if not row["fault"]]))
    sent = alt.Chart(theme.data([row for row in rows if row["sent"]]))
    answered = alt.Chart(theme.data([row for row in rows if row["answered"]]))
    lost = alt.Chart(theme.data([row for row in rows if row["lost"]]))
    faults = alt.Chart(theme.data([row for row in rows if row["fault"]]))
    tips = [alt.Tooltip("number:Q", title="step"), alt.Tooltip("words:N", title="what")]
    user = alt.Y("user_at:Q", scale=down, axis=lanes)
    return alt.layer(
        faults.mark_bar(height=16, opacity=0.35).encode(x=x, x2="until:Q", y=y, color=colour, tooltip=tips),
        faults.mark_tick(thickness=3, size=22, orient="vertical").encode(x=x, y=y, color=colour),
        asked.mark_rule(strokeWidth=5, opacity=0.55).encode(x=x, x2="to:Q", y=y, color=colour, tooltip=tips),
        sent.mark_rule(strokeWidth=1.8).encode(x=x, y=user, y2="lane_at:Q", color=colour),
        sent.mark_point(shape="triangle-down", filled=True, size=70, opacity=1, yOffset=-4).encode(
            x=x, y=y, color=colour, tooltip=tips
        ),
        answered.mark_rule(strokeWidth=1.8, strokeDash=[4, 2]).encode(x=end, y=y, y2="user_at:Q", color=colour),
        answered.mark_point(shape="triangle-up", filled=True, size=70, opacity=1, yOffset=4).encode(
            x=end, y=user, color=colour, tooltip=tips
        ),
        lost.mark_point(shape="cross", filled=True, size=110, angle=45, opacity=1).encode(
            x=end, y=y, color=colour, tooltip=tips
        ),
        alt.Chart(theme.data(rows))
        .mark_text(fontSize=13, fontWeight="bold", dy=-15)
        .encode(x=x, y=alt.Y("number_at:Q", scale=down, axis=lanes), text="number:Q"),
    ).properties(height=int(_LANE_PX * (len(LANES) + _ABOVE)))


def _placed(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events with their lane and the rank of their start and end among all moments.

    To scale, the milliseconds of a request would vanish beside the seconds between two of them.
    """
    moments = sorted({moment for event in events for moment in (event["from_s"], event["to_s"])})
    rank = {moment: place for place, moment in enumerate(moments)}
    rows = []
    for number, event in enumerate(events, start=1):
        fault, lane = event["fault"], LANES.index(event["lane"])
        begin, end = rank[event["from_s"]], rank[event["to_s"]]
        through = not fault and lane != _USER
        rows.append(
            {
                "number": number,
                "words": event["words"],
                "from": begin,
                "to": end,
                "at": f"{event['from_s']:.3f}",
                "until": max(end, begin + 0.3),
                "lane_at": lane,
                "user_at": _USER,
                "number_at": lane - 0.2 if fault else _USER,
                "fault": fault,
                "sent": through,
                "answered": through,
                # What got no answer is known to have been sent, and no more.
                "lost": not fault and not through and bool(event["request_id"]),
                "colour": FAULT if fault else OUTCOMES.get(event["outcome"] or "ok", OTHER),
            }
        )
    return rows


def _table(example: dict[str, Any]) -> Table:
    return Table(
        "The events of this counter-example",
        (
            Column("Step", numeric=False),
            Column("From, s"),
            Column("To, s"),
            Column("Lane", numeric=False),
            Column("What", numeric=False),
            Column("Worker", numeric=False),
            Column("Outcome", numeric=False),
            Column("Request id", numeric=False),
        ),
        [
            [
                str(number),
                f"{event['from_s']:.6f}",
                f"{event['to_s']:.6f}",
                event["lane"],
                sentence(event["words"]),
                event["worker"] or "—",
                ("fault" if event["fault"] else event["outcome"]) or "—",
                event["request_id"] or "—",
            ]
            for number, event in enumerate(example["events"], start=1)
        ],
    )
