"""A counter-example as lanes: who asked whom when, from the user down to the store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from authlab.model.history import LANES
from authlab.report.drawing import theme
from authlab.report.drawing.marks import Rows, Spec, finished, layer, n, panel, q, tip, to
from authlab.report.figure import Figure, Table, columns
from authlab.report.measures.arms import Arm, Example, Step
from authlab.report.palette import FAULT, OTHER, OUTCOMES
from authlab.report.setups import Setup
from authlab.report.words import checker_words, coded, sentence

_LANE_PX: Final = 44
_AXIS_PAD: Final = 72
_ABOVE: Final = 0.62
_USER: Final = LANES.index("user")


def examples(setup: Setup) -> Iterator[Figure]:
    """A figure per counter-example of a setup's arms."""
    found = [(arm, example) for arm in setup.arms for example in arm.examples if example.events]
    for number, (arm, example) in enumerate(found, start=1):
        yield _figure(number, arm, example)


def _figure(number: int, arm: Arm, example: Example) -> Figure:
    steps = [f"At {line}" for line in example.lines]
    when = "before" if example.at_s < 0 else "after"
    return Figure(
        id=f"example-{number}",
        title=f"{coded(arm.label)}: {checker_words(example.checker)} violated",
        reading=f"{sentence(example.summary)}. This is the shortest proof, beginning {abs(example.at_s):.3f} s {when} "
        "the load’s start. Arrows: a request down to the farthest part that is known to have had a hand in it, and its "
        "answer back up. Bars: faults. All steps of time are drawn alike, however long they took.",
        alt=f"Lanes of user, proxy, workers and store. {' '.join(f'{n}: {s}.' for n, s in enumerate(steps, start=1))}",
        table=_table(example),
        spec=finished(_chart(example.events)),
        pad=_AXIS_PAD + theme.RIGHT_PAD,
        steps=steps,
    )


def _chart(events: Sequence[Step]) -> Spec:
    placed = _placed(events)
    last = max(row["to"] for row in placed)
    scale = {"domain": [-0.6, last + 0.6], "nice": False}
    starts = {row["from"]: row["at"] for row in placed}
    lookup = ", ".join(f"'{place}': '{at}'" for place, at in starts.items())
    axis = {
        "title": "seconds after the first event, not to scale",
        "values": sorted(starts),
        "grid": False,
        "labelExpr": f"{{{lookup}}}[toString(datum.value)]",
    }
    lanes = {
        "title": None,
        "values": list(range(len(LANES))),
        "labelExpr": f"[{', '.join(repr(lane) for lane in LANES)}][datum.value]",
        **theme.held(_AXIS_PAD),
        "domain": False,
        "ticks": False,
        "grid": True,
        "labelFontSize": 13,
    }
    down = {"domain": [-_ABOVE, len(LANES) - 0.6], "reverse": True, "nice": False}
    x, end = q("from", scale=scale, axis=axis), q("to", scale=scale, axis=axis)
    y, user = q("lane_at", scale=down, axis=lanes), q("user_at", scale=down, axis=lanes)
    colour = n("colour", scale=None)
    tips = [tip("number", "step", "d"), tip("words", "what")]
    point = {"filled": True, "size": 70, "opacity": 1}

    def those(kind: str) -> str:
        return f"datum.{kind}"

    return panel(
        layer(placed, "bar", where=those("fault"), look={"height": 16, "opacity": 0.35},
              x=x, x2=to("until"), y=y, color=colour, tooltip=tips),
        layer(placed, "tick", where=those("fault"), look={"thickness": 3, "size": 22, "orient": "vertical"},
              x=x, y=y, color=colour),
        layer(placed, "rule", where="!datum.fault", look={"strokeWidth": 5, "opacity": 0.55},
              x=x, x2=to("to"), y=y, color=colour, tooltip=tips),
        layer(placed, "rule", where=those("through"), look={"strokeWidth": 1.8},
              x=x, y=user, y2=to("lane_at"), color=colour),
        layer(placed, "point", where=those("through"), look={"shape": "triangle-down", "yOffset": -4, **point},
              x=x, y=y, color=colour, tooltip=tips),
        layer(placed, "rule", where=those("through"), look={"strokeWidth": 1.8, "strokeDash": [4, 2]},
              x=end, y=y, y2=to("user_at"), color=colour),
        layer(placed, "point", where=those("through"), look={"shape": "triangle-up", "yOffset": 4, **point},
              x=end, y=user, color=colour, tooltip=tips),
        layer(placed, "point", where=those("lost"), look={**point, "shape": "cross", "size": 110, "angle": 45},
              x=end, y=y, color=colour, tooltip=tips),
        layer(placed, "text", look={"fontSize": 13, "fontWeight": "bold", "dy": -15},
              x=x, y=q("number_at", scale=down, axis=lanes), text=n("number")),
        height=int(_LANE_PX * (len(LANES) + _ABOVE)),
    )  # fmt: skip


def _placed(events: Sequence[Step]) -> Rows:
    """The events with their lane and the rank of their start and end among all moments.

    To scale, the milliseconds of a request would vanish beside the seconds between two of them.
    """
    moments = sorted({moment for event in events for moment in (event.from_s, event.to_s)})
    rank = {moment: place for place, moment in enumerate(moments)}
    found = Rows()
    for number, event in enumerate(events, start=1):
        lane, begin, end = LANES.index(event.lane), rank[event.from_s], rank[event.to_s]
        through = not event.fault and lane != _USER
        found.append(
            {
                "number": number,
                "words": event.words,
                "from": begin,
                "to": end,
                "at": f"{event.from_s:.3f}",
                "until": max(end, begin + 0.3),
                "lane_at": lane,
                "user_at": _USER,
                "number_at": lane - 0.2 if event.fault else _USER,
                "fault": event.fault,
                "through": through,
                # What got no answer is known to have been sent, and no more.
                "lost": not event.fault and not through and bool(event.request_id),
                "colour": FAULT if event.fault else OUTCOMES.get(event.outcome or "ok", OTHER),
            }
        )
    return found


def _table(example: Example) -> Table:
    heads = ("Step", "From, s", "To, s", "Lane", "What", "Worker", "Outcome", "Request id")
    return Table(
        "The events of this counter-example",
        columns(*heads, words="Step, Lane, What, Worker, Outcome, Request id"),
        [
            [
                str(number),
                f"{event.from_s:.6f}",
                f"{event.to_s:.6f}",
                event.lane,
                sentence(event.words),
                event.worker or "—",
                ("fault" if event.fault else event.outcome) or "—",
                event.request_id or "—",
            ]
            for number, event in enumerate(example.events, start=1)
        ],
    )
