"""Requests per second by outcome, a small plot per arm, with what was done to the arm at the time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from authlab.report.drawing import theme
from authlab.report.drawing.marks import Row, Rows, Spec, at, below, finished, layer, n, panel, q, tip, to
from authlab.report.figure import Figure, Table, columns
from authlab.report.measures.arms import Arm, Fault
from authlab.report.palette import FAULT, OTHER, OUTCOMES
from authlab.report.setups import Setup
from authlab.report.words import label_words, whole

_HEIGHT: Final = 96
_LINE: Final = 14
"""Pixels of one line of faults' names above a plot."""

_AXIS_PAD: Final = 54
_NARROW_PX: Final = 270
"""Width of a plot on a phone: names that have room there have it everywhere."""

_LETTER_PX: Final = 6.5


def timeline(setup: Setup) -> Iterator[Figure]:
    """Stacked bars by second; a fault is a shaded span, one without a length a line."""
    arms = [arm for arm in setup.arms if arm.seconds]
    if not arms:
        return
    until = _until(arms)
    known = dict.fromkeys([*OUTCOMES, *(name for arm in arms for name in arm.seconds)])
    seen = [name for name in known if any(name in arm.seconds for arm in arms)]
    panels = [_panel(arm, seen, until, first=arm is arms[0], last=arm is arms[-1]) for arm in arms]
    yield Figure(
        id="timeline",
        title="What users got, second by second",
        reading="Requests by the second in which they were over, stacked by outcome. A fault is shaded, from the line "
        "at its start to the dashed one at the end of its cause; a line alone is a fault that is over at once, or was "
        "not seen to end. The clock of each plot starts with its arm’s load.",
        alt="Requests per second by outcome, one plot per arm. " + " ".join(_said(arm) for arm in arms),
        table=_table(arms, seen),
        spec=finished({**below(panels, spacing=14), "resolve": {"scale": {"color": "independent"}}}),
        pad=_AXIS_PAD + theme.RIGHT_PAD,
    )


def _until(arms: Sequence[Arm]) -> float:
    """Seconds that all plots reach to: the last request, and the last fault that began."""
    counted = max(len(numbers) for arm in arms for numbers in arm.seconds.values())
    return float(max([counted, *(fault.end_s or fault.start_s for arm in arms for fault in arm.faults)]))


def _panel(arm: Arm, seen: Sequence[str], until: float, *, first: bool, last: bool) -> Spec:
    faults, lines = _placed(arm.faults, until)
    height = _HEIGHT + (lines * _LINE + 4 if lines else 0)
    most = max(sum(row) for row in zip(*arm.seconds.values(), strict=True))
    # The names of faults stand above the highest bar.
    top = most * height / _HEIGHT * 1.04 or 1.0
    scale = {"domain": [0, until], "nice": False}
    axis = {
        "title": "seconds after the load’s start" if last else None,
        **dict.fromkeys(("labels", "ticks", "domain"), last),
        "grid": False,
        "tickCount": 8,
    }
    x = q("from_s", scale=scale, axis=axis)
    y = q(
        "low",
        scale={"domain": [0, top], "nice": False},
        axis={"title": None, **theme.held(_AXIS_PAD), "tickCount": 3, "format": "~s"},
    )
    colour = n(
        "outcome",
        scale={"domain": list(seen), "range": [OUTCOMES.get(name, OTHER) for name in seen]},
        legend={"symbolType": "square"} if first else None,
    )
    tips = [tip("from_s", "second", "d"), tip("outcome", "outcome"), tip("requests", "requests", ",")]
    start, end = q("start_s", scale=scale), q("end_s", scale=scale)
    spans = Rows(fault for fault in faults if fault["end_s"] is not None)
    return panel(
        layer(spans, "rect", look={"fill": FAULT, "opacity": 0.22, "strokeWidth": 0}, x=start, x2=to("end_s"),
              y=at(0), y2=at(height)),
        layer(_bars(arm.seconds, seen), "rect", look={"style": "split"}, x=x, x2=to("to_s"), y=y, y2=to("high"),
              color=colour, tooltip=tips),
        # Over the bars too: a rule at both ends, and a bracket between them.
        layer(spans, "rect", look={"fill": FAULT, "strokeWidth": 0}, x=start, x2=to("end_s"), y=at(0), y2=at(3)),
        layer(spans, "rule", look={"style": "ink", "strokeWidth": 1.4, "strokeDash": [2, 3]},
              x=end, y=at(0), y2=at(height)),
        layer(faults, "rule", look={"style": "ink", "strokeWidth": 1.4}, x=start, y=at(0), y2=at(height)),
        *(_names(faults, line, leftwards, start) for line in range(lines) for leftwards in (False, True)),
        height=height,
        title=label_words(arm.label),
    )  # fmt: skip


def _bars(seconds: dict[str, tuple[int, ...]], seen: Sequence[str]) -> Rows:
    """A bar per second and outcome, each on top of those before it."""
    bars = Rows()
    for second in range(max(len(numbers) for numbers in seconds.values())):
        low = 0
        for name in seen:
            count = seconds[name][second] if name in seconds else 0
            if count:
                bar = {"from_s": second, "to_s": second + 1, "outcome": name, "requests": count}
                bars.append({**bar, "low": low, "high": low + count})
            low += count
    return bars


def _names(faults: Rows, line: int, leftwards: bool, start: Spec) -> Spec:
    """The faults' names of one line, right or left of where they begin."""
    align = {"align": "right", "dx": -4} if leftwards else {"align": "left", "dx": 4}
    here = [fault for fault in faults if fault["line"] == line and fault["leftwards"] == leftwards]
    look = {"fontSize": 11, "baseline": "middle", **align}
    return layer(here, "text", look=look, x=start, y=at(11 + line * _LINE), text=n("name"))


def _placed(faults: Sequence[Fault], until: float) -> tuple[Rows, int]:
    """The faults with a line each for its name, such that no name lies on another's, and how many lines that takes.

    A name stands right of its fault's start, left of it where it would leave the plot on the right.
    """
    free: list[float] = []
    shown = Rows()
    for fault in faults:
        wide = (len(fault.name) * _LETTER_PX + 8) / _NARROW_PX * until
        leftwards = fault.start_s + wide > until and fault.start_s > until / 2
        begin = fault.start_s - wide if leftwards else fault.start_s
        line = next((place for place, end in enumerate(free) if end <= begin), len(free))
        if line == len(free):
            free.append(0.0)
        free[line] = begin + wide
        row: Row = {"name": fault.name, "start_s": fault.start_s, "end_s": fault.end_s if fault.lasted_s else None}
        shown.append({**row, "line": line, "leftwards": leftwards})
    return shown, len(free)


def _said(arm: Arm) -> str:
    totals = ", ".join(f"{name} {whole(sum(numbers))}" for name, numbers in arm.seconds.items())
    faults = "; ".join(f"{fault.name} from {_span(fault)}" for fault in arm.faults) or "no fault"
    return f"{label_words(arm.label)}: {totals}. {faults[:1].upper()}{faults[1:]}."


def _span(fault: Fault) -> str:
    if fault.end_s is None:
        return f"{fault.start_s:.1f} s on, not seen to end"
    return f"{fault.start_s:.1f} to {fault.end_s:.1f} s"


def _table(arms: Sequence[Arm], seen: Sequence[str]) -> Table:
    cells = []
    for arm in arms:
        for second in range(max(len(numbers) for numbers in arm.seconds.values())):
            # A fault lies in a second if any of it does.
            under = [fault.name for fault in arm.faults if fault.start_s < second + 1 and fault.until_s >= second]
            counts = [whole(arm.seconds[name][second]) if name in arm.seconds else "0" for name in seen]
            cells.append([label_words(arm.label), str(second), *counts, "; ".join(under) or "—"])
    return Table("Requests per second by outcome", columns("Arm", "Second", *seen, "Fault", words="Arm, Fault"), cells)
