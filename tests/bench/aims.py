"""Aims of the benchmarks, what was measured, and the one table at the end."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from authlab.stats.intervals import block_interval


@dataclass(frozen=True)
class Aim:
    """A quantity that should be at least (or, `at_most`, at most) `bound`; `low` and `high` are its 95 % interval."""

    quantity: str
    bound: float
    value: float
    low: float
    high: float
    at_most: bool = False
    form: str = "{:.3f}"

    @property
    def verdict(self) -> str:
        """`met` or `missed` by the value; where the interval holds the bound, that is said too."""
        met = self.value <= self.bound if self.at_most else self.value >= self.bound
        word = "met" if met else "missed"
        return f"{word} (the interval holds the aim)" if self.low < self.bound < self.high else word


def aims_table(aims: Sequence[Aim], title: str) -> Table:
    """The table of aims."""
    table = Table(title=title, title_justify="left")
    for heading in ("quantity", "aim", "measured", "95 % interval", "verdict"):
        table.add_column(heading, justify="left" if heading in ("quantity", "verdict") else "right", no_wrap=True)
    for aim in aims:
        sign = "≤" if aim.at_most else "≥"
        interval = f"{aim.form.format(aim.low)} – {aim.form.format(aim.high)}"
        table.add_row(
            aim.quantity, f"{sign} {aim.form.format(aim.bound)}", aim.form.format(aim.value), interval, aim.verdict
        )
    return table


def show(*tables: Table) -> None:
    """Print tables, wide enough to be read in a log file too."""
    console = Console()
    console = Console(width=max(console.width, 130))
    for table in tables:
        console.print(table)


def seconds_aim(quantity: str, bound_s: float, taken_s: Sequence[float]) -> Aim:
    """That something takes `bound_s` at most, by the times that it took."""
    seen = block_interval(taken_s)
    return Aim(f"{quantity}, seconds", bound_s, seen.value, seen.low, seen.high, at_most=True, form="{:.2f}")


def main_of(run: Callable[[int, int], list[Aim]], about: str | None, title: str) -> int:
    """The program of a benchmark that repeats itself on so many requests: measure and say. Always 0."""
    options = argparse.ArgumentParser(description=(about or "").splitlines()[0])
    options.add_argument("--requests", type=int, default=1_000_000)
    options.add_argument("--repeats", type=int, default=5)
    chosen = options.parse_args()
    show(aims_table(run(chosen.requests, chosen.repeats), title))
    return 0
