"""Design × implementation: how many requests a CPU second serves, as a share of those without any authentication."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from authlab.model.findings import Observation
from authlab.model.implementations import DESIGNS, IMPLEMENTATIONS, LIBRARIES
from authlab.report.drawing import theme
from authlab.report.drawing.marks import KNOWN, finished, layer, n, panel, q, rows, tip, to
from authlab.report.figure import Figure, Table, columns
from authlab.report.setups import Experiment
from authlab.report.words import UNKNOWN, coded, interval_in_unit, number, sentence, whole

SERVED: Final = "requests_per_cpu_s_ratio"
SERVED_BY_WORKERS: Final = "requests_per_worker_cpu_s_ratio"
_HEADS: Final = (
    *("Design", "Implementation", "Mode", "Requests per CPU second, to none", "95 % interval"),
    *("Workers alone, to none", "95 % interval of the workers", "Library", "Token, bytes"),
)


@dataclass(frozen=True)
class Implementation:
    """One mode: requests per CPU second to `none`, of the whole stack and of its workers alone.

    `library` and `token_bytes` are what the cost of a session or a token depends on. None: it has no token.
    """

    label: str
    design: str
    implementation: str
    value: float
    low: float | None
    high: float | None
    workers: Observation | None
    library: str
    token_bytes: int | None


def implementations(experiment: Experiment) -> Iterator[Figure]:
    """A row per mode, in the order design by design; whiskers are the intervals."""
    found = implementations_of(experiment)
    if not found:
        return
    labels = [row.label for row in found]
    data = rows({key: value for key, value in vars(row).items() if key != "workers"} for row in found)
    y, colour = theme.names_axis(labels), theme.colours(labels)
    tips = [tip("name", "mode"), tip("design", "design"), tip("implementation", "implementation"),
            tip("value", "to none", ".3f"), tip("low", "from", ".3f"), tip("high", "to", ".3f")]  # fmt: skip
    for held in data:
        held["said"] = number(held["value"])
    x = q("value", scale={"domain": [0, 1.05]}, axis={"title": "requests per CPU second, as a share of those of none"})
    chart = panel(
        layer(data, "rule", where=KNOWN, look={"strokeWidth": 2.5}, y=y, x=q("low"), x2=to("high"), color=colour),
        layer(data, "point", look={"size": 70, "filled": True, "opacity": 1}, y=y, x=x, color=colour,
              shape=theme.shapes(labels), tooltip=tips),
        layer(data, "text", look={"dy": -12, "fontSize": 11}, y=y, x=q("value"), text=n("said")),
        height=(theme.ROW + 4) * len(labels),
    )  # fmt: skip
    yield Figure(
        id="implementations",
        title=implementations_title(found),
        reading="How many requests a CPU second of the whole stack (proxy, workers and store) serves, as a share of "
        "what it serves in the mode `none`, with 95 % intervals. Three modes each are one design in three "
        "implementations. The table also has the share by the CPU time of the workers alone.",
        alt="Requests per CPU second as a share of those of none. "
        + "; ".join(f"{row.design}, {row.implementation}: {number(row.value)}" for row in found)
        + ".",
        table=Table(
            "Requests per CPU second to none, by design and implementation",
            columns(*_HEADS, words="Design, Implementation, Mode, Library"),
            [_cells(row) for row in found],
        ),
        spec=finished(chart),
        pad=theme.side_pad(labels),
    )


def implementations_of(experiment: Experiment) -> list[Implementation]:
    """Every mode of the two designs that was measured as a share of `none`."""
    seen = {(item.mode, item.quantity): item for item in experiment.result.observations}
    tokens = {trial.mode: trial.summary.get("token_bytes") for trial in experiment.trials}
    found = []
    for design, modes in DESIGNS.items():
        for implementation, mode in zip(IMPLEMENTATIONS, modes, strict=True):
            item = seen.get((mode, SERVED))
            if item is None or item.value is None:
                continue
            low, high = item.interval or (None, None)
            workers, token = seen.get((mode, SERVED_BY_WORKERS)), tokens.get(mode)
            known = (_library(mode, experiment.versions), token if isinstance(token, int) else None)
            found.append(Implementation(mode, design, implementation, item.value, low, high, workers, *known))
    return found


def implementations_title(found: Sequence[Implementation]) -> str:
    """The range of each design, in one line."""
    said = []
    for design in DESIGNS:
        own = sorted((row for row in found if row.design == design), key=lambda row: row.value)
        if own:
            least, most = own[0], own[-1]
            span = number(most.value) if least is most else f"{number(least.value)} to {number(most.value)}"
            modes = coded(least.label) if least is most else f"{coded(least.label)} to {coded(most.label)}"
            said.append(f"{design} {span} ({modes})")
    return f"Requests per CPU second to `none`: {'; '.join(said)}"


def _library(mode: str, versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {versions[name]}" for name in LIBRARIES[mode] if name in versions)


def _cells(row: Implementation) -> list[str]:
    workers = row.workers
    around = None if row.low is None else (row.low, row.high)
    return [
        sentence(row.design),
        row.implementation,
        row.label,
        number(row.value),
        interval_in_unit(around, "ratio") or UNKNOWN,
        number(workers.value if workers else None),
        interval_in_unit(workers.interval if workers else None, "ratio") or UNKNOWN,
        row.library or UNKNOWN,
        whole(row.token_bytes),
    ]
