"""Requests per second by outcome, a small plot per arm, with what was done to the arm at the time."""

from __future__ import annotations

from typing import Any, Final

import altair as alt

from authlab.report.charts import theme
from authlab.report.figure import Column, Figure, Table
from authlab.report.palette import FAULT, OTHER, OUTCOMES
from authlab.report.words import label_words, whole

_HEIGHT: Final = 96
_LINE: Final = 14
"""Pixels of one line of faults' names above a plot."""

_AXIS_PAD: Final = 54
_NARROW_PX: Final = 270
"""Width of a plot on a phone: names that have room there have it everywhere."""

_LETTER_PX: Final = 6.5


def timeline_figure(setup: dict[str, Any]) -> Figure | None:
    """Stacked bars by second; a fault is a shaded span, one without a length a line. None without a request."""
    arms = [arm for arm in setup["history"]["arms"] if arm["seconds"]]
    if not arms:
        return None
    until = _until(arms)
    seen = [name for name in _order(arms) if any(name in arm["seconds"] for arm in arms)]
    panels = [_panel(arm, seen, until, first=arm is arms[0], last=arm is arms[-1]) for arm in arms]
    return Figure(
        id="timeline",
        title="What users got, second by second",
        reading="Requests by the second in which they were over, stacked by outcome. A fault is shaded, from the line "
        "at its start to the dashed one at the end of its cause; a line alone is a fault that is over at once, or was "
        "not seen to end. The clock of each plot starts with its arm’s load.",
        alt="Requests per second by outcome, one plot per arm. " + " ".join(_said(arm) for arm in arms),
        table=_table(arms, seen),
        spec=theme.to_spec(alt.vconcat(*panels, spacing=14).resolve_scale(color="independent")),
        pad=_AXIS_PAD + theme.RIGHT_PAD,
    )


def fault_name(fault: dict[str, Any]) -> str:
    """`crash-worker, worker-2`."""
    return f"{fault['kind']}, {fault['target']}" if fault["target"] else str(fault["kind"])


def _order(arms: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys([*OUTCOMES, *(name for arm in arms for name in arm["seconds"])]))


def _until(arms: list[dict[str, Any]]) -> float:
    """Seconds that all plots reach to: the last request, and the last fault that began."""
    counted = max(len(numbers) for arm in arms for numbers in arm["seconds"].values())
    faults = [fault["end_s"] or fault["start_s"] for arm in arms for fault in arm["faults"]]
    return float(max([counted, *faults]))


def _panel(arm: dict[str, Any], seen: list[str], until: float, *, first: bool, last: bool) -> theme.Layered:
    bars = _bars(arm["seconds"], seen)
    faults, lines = _placed(arm["faults"], until)
    height = _HEIGHT + (lines * _LINE + 4 if lines else 0)
    most = max(sum(row) for row in zip(*arm["seconds"].values(), strict=True))
    # The names of faults stand above the highest bar.
    top = most * height / _HEIGHT * 1.04 or 1.0
    scale = alt.Scale(domain=[0, until], nice=False)
    axis = alt.Axis(
        title="seconds after the load’s start" if last else None,
        labels=last, ticks=last, domain=last, grid=False, tickCount=8,
    )  # fmt: skip
    x = alt.X("from_s:Q", scale=scale, axis=axis)
    y = alt.Y(
        "low:Q",
        scale=alt.Scale(domain=[0, top], nice=False),
        axis=alt.Axis(title=None, minExtent=_AXIS_PAD, maxExtent=_AXIS_PAD, tickCount=3, format="~s"),
    )
    colour = alt.Color(
        "outcome:N",
        scale=alt.Scale(domain=seen, range=[OUTCOMES.get(name, OTHER) for name in seen]),
        legend=alt.Legend(symbolType="square") if first else None,
    )
    tips = [
        alt.Tooltip("from_s:Q", title="second"),
        alt.Tooltip("outcome:N", title="outcome"),
        alt.Tooltip("requests:Q", title="requests", format=","),
    ]
    whole_height = {"y": alt.value(0), "y2": alt.value(height)}
    start, end = alt.X("start_s:Q", scale=scale), alt.X("end_s:Q", scale=scale)
    spans = alt.Chart(theme.data([fault for fault in faults if fault["end_s"] is not None]))
    return alt.layer(
        spans.mark_rect(fill=FAULT, opacity=0.22, strokeWidth=0).encode(x=start, x2="end_s:Q", **whole_height),
        alt.Chart(theme.data(bars))
        .mark_rect(style="split")
        .encode(x=x, x2="to_s:Q", y=y, y2="high:Q", color=colour, tooltip=tips),
        # Over the bars too: a rule at both ends, and a bracket between them.
        spans.mark_rect(fill=FAULT, strokeWidth=0).encode(x=start, x2="end_s:Q", y=alt.value(0), y2=alt.value(3)),
        spans.mark_rule(style="ink", strokeWidth=1.4, strokeDash=[2, 3]).encode(x=end, **whole_height),
        alt.Chart(theme.data(faults)).mark_rule(style="ink", strokeWidth=1.4).encode(x=start, **whole_height),
        *(_names(faults, line, leftwards, start) for line in range(lines) for leftwards in (False, True)),
    ).properties(height=height, title=alt.Title(label_words(arm["label"])))


def _bars(seconds: dict[str, list[int]], seen: list[str]) -> list[dict[str, Any]]:
    """A bar per second and outcome, each on top of those before it."""
    bars = []
    for second in range(max(len(numbers) for numbers in seconds.values())):
        low = 0
        for name in seen:
            count = seconds[name][second] if name in seconds else 0
            if count:
                bar = {"from_s": second, "to_s": second + 1, "outcome": name, "requests": count}
                bars.append({**bar, "low": low, "high": low + count})
            low += count
    return bars


def _names(faults: list[dict[str, Any]], line: int, leftwards: bool, start: alt.X) -> alt.Chart:
    """The faults' names of one line, right or left of where they begin."""
    rows = [fault for fault in faults if fault["line"] == line and fault["leftwards"] == leftwards]
    chart: alt.Chart = (
        alt.Chart(theme.data(rows))
        .mark_text(fontSize=11, baseline="middle", align="right" if leftwards else "left", dx=-4 if leftwards else 4)
        .encode(x=start, y=alt.value(11 + line * _LINE), text="name:N")
    )
    return chart


def _placed(faults: list[dict[str, Any]], until: float) -> tuple[list[dict[str, Any]], int]:
    """The faults with a line each for its name, such that no name lies on another's, and how many lines that takes.

    A name stands right of its fault's start, left of it where it would leave the plot on the right.
    """
    free: list[float] = []
    shown = []
    for fault in faults:
        name = fault_name(fault)
        wide = (len(name) * _LETTER_PX + 8) / _NARROW_PX * until
        leftwards = fault["start_s"] + wide > until and fault["start_s"] > until / 2
        begin = fault["start_s"] - wide if leftwards else fault["start_s"]
        line = next((place for place, end in enumerate(free) if end <= begin), len(free))
        if line == len(free):
            free.append(0.0)
        free[line] = begin + wide
        shown.append(
            {
                "name": name,
                "start_s": fault["start_s"],
                "end_s": fault["end_s"] if fault["lasted_s"] else None,
                "line": line,
                "leftwards": leftwards,
            }
        )
    return shown, len(free)


def _said(arm: dict[str, Any]) -> str:
    totals = ", ".join(f"{name} {whole(sum(numbers))}" for name, numbers in arm["seconds"].items())
    faults = "; ".join(f"{fault_name(fault)} from {_span(fault)}" for fault in arm["faults"]) or "no fault"
    return f"{label_words(arm['label'])}: {totals}. {faults[:1].upper()}{faults[1:]}."


def _span(fault: dict[str, Any]) -> str:
    if fault["end_s"] is None:
        return f"{fault['start_s']:.1f} s on, not seen to end"
    return f"{fault['start_s']:.1f} to {fault['end_s']:.1f} s"


def _table(arms: list[dict[str, Any]], seen: list[str]) -> Table:
    rows = []
    for arm in arms:
        for second in range(max(len(numbers) for numbers in arm["seconds"].values())):
            under = [fault_name(f) for f in arm["faults"] if _during(f, second)]
            counts = [whole(arm["seconds"][name][second]) if name in arm["seconds"] else "0" for name in seen]
            rows.append([label_words(arm["label"]), str(second), *counts, "; ".join(under) or "—"])
    heads = (
        Column("Arm", numeric=False),
        Column("Second"),
        *(Column(name) for name in seen),
        Column("Fault", numeric=False),
    )
    return Table("Requests per second by outcome", heads, rows)


def _during(fault: dict[str, Any], second: int) -> bool:
    """Whether any of the fault lies in that second."""
    end = fault["start_s"] if fault["end_s"] is None else fault["end_s"]
    return bool(fault["start_s"] < second + 1 and end >= second)
