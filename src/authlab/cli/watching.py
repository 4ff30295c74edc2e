"""What the terminal shows during a run: a live display, or plain lines where there is no terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from authlab.lab.listening import Listener
from authlab.lab.listening import Progress as LoadProgress
from authlab.model.findings import YES_NO, ExperimentResult, Prediction

_PLAIN_EVERY_S = 10.0


@contextmanager
def watching(*, plain: bool) -> Iterator[Listener]:
    """A listener that shows the run on the terminal."""
    console = Console()
    if plain or not console.is_terminal:
        yield PlainLines(console)
        return
    live = LiveDisplay(console)
    try:
        yield live
    finally:
        live.close()


class PlainLines:
    """One line per event; progress at most every ten seconds."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last = 0.0

    def phase(self, text: str) -> None:
        """Print the phase."""
        self._say(text)

    def predicted(self, experiment: str, claim: str, predictions: Sequence[Prediction]) -> None:
        """Print the predictions."""
        self._say(f"{experiment}: “{claim}”")
        for prediction in predictions:
            self._say("  " + in_words(prediction))

    def progress(self, progress: LoadProgress) -> None:
        """Print how far the load is, now and then."""
        if time.monotonic() - self._last < _PLAIN_EVERY_S:
            return
        self._last = time.monotonic()
        left = max(0.0, progress.duration_s - progress.elapsed_s)
        self._say(f"block {progress.block}/{progress.blocks}: {status_of(progress)}, {left:.0f} s left")

    def judged(self, result: ExperimentResult) -> None:
        """Print nothing: the summary follows."""

    def note(self, text: str) -> None:
        """Print the note."""
        self._say(f"note: {text}")

    def _say(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)


class LiveDisplay:
    """A progress bar with the mode under load, the rate, the failure shares and the time left."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[status]}"),
            TimeRemainingColumn(),
            console=console,
            refresh_per_second=2,  # drawing costs CPU on the generator's core
        )
        self._task = self._progress.add_task("", total=None, status="")
        self._progress.start()

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._progress.stop()

    def phase(self, text: str) -> None:
        """Show the phase in place of the bar's numbers."""
        self._progress.update(self._task, description=text, status="", completed=0, total=None)

    def predicted(self, experiment: str, claim: str, predictions: Sequence[Prediction]) -> None:
        """Print a table of the predictions."""
        table = Table(title=f"{experiment}: “{claim}”", title_justify="left", caption="predicted, before anything runs")
        for column in ("mode", "quantity", "predicted", "formula"):
            table.add_column(column)
        for p in predictions:
            value = "" if p.value is None else f"{p.value:.3f} ± {p.margin:g}"
            value = _yes_no(p) if p.unit == YES_NO else value
            table.add_row(_name(p), p.quantity.replace("_", " "), value or "a rule", p.formula)
        self._progress.console.print(table)

    def progress(self, progress: LoadProgress) -> None:
        """Move the bar."""
        self._progress.update(
            self._task,
            description=f"block {progress.block}/{progress.blocks}",
            completed=progress.elapsed_s,
            total=progress.duration_s,
            status=status_of(progress),
        )

    def judged(self, result: ExperimentResult) -> None:
        """Show nothing: the summary follows."""

    def note(self, text: str) -> None:
        """Print the note above the bar."""
        self._progress.console.print(f"note: {text}", markup=False)


def in_words(prediction: Prediction) -> str:
    """A prediction as one plain line."""
    name = _name(prediction)
    if prediction.value is None:
        return f"{name}: {prediction.rule or prediction.formula}"
    if prediction.unit == YES_NO:
        return f"{name}: {prediction.quantity}: {_yes_no(prediction)} ({prediction.formula})"
    wanted = f"{prediction.value:.3g} ± {prediction.margin:g}"
    formula = "" if prediction.formula == f"{prediction.value:g}" else f" ({prediction.formula})"
    return f"{name}: {prediction.quantity.replace('_', ' ')}: predicted {wanted}{formula}"


def _yes_no(prediction: Prediction) -> str:
    return "yes" if prediction.value else "no"


def _name(prediction: Prediction) -> str:
    return prediction.mode if prediction.workers is None else f"{prediction.mode} (N = {prediction.workers})"


def status_of(progress: LoadProgress) -> str:
    """The mode under load, the rate and the failure share of each mode that has one."""
    failing = ", ".join(f"{mode} {share:.1%}" for mode, share in progress.failure_shares.items() if share > 0)
    return f"{progress.mode}, {progress.rate_rps:.0f} requests/s, failures: {failing or 'none'}"
