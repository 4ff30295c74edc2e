"""Values on the command line, such as durations, and a collection of all problems of a call."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from authlab.model.errors import LabError, UsageProblem

_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s?)?")


class Duration(click.ParamType[float]):
    """Seconds from "90", "90s", "10m", "1h30m"."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The duration in seconds; fails for anything else or for zero."""
        if isinstance(value, int | float):
            return float(value)
        found = _DURATION.fullmatch(str(value).strip())
        seconds = sum(float(n) * f for n, f in zip(found.groups(), (3600, 60, 1), strict=True) if n) if found else 0.0
        if seconds <= 0:
            self.fail(f"{value!r} is not a duration above zero; write 45s, 10m or 1h30m", param, ctx)
        return seconds


DURATION = Duration()


_UNREADABLE = "authlab.cli.unreadable"


class CollectingOption(click.Option):
    """An option that collects an unreadable value for `Problems`, so that the call doesn't end at the first of several.

    Its default takes the value's place. A command that has such options must ask `Problems` before it does anything.
    """

    def __init__(self, *declarations: Any, **attributes: Any) -> None:
        super().__init__(*declarations, **attributes)
        self._stand_in = attributes.get("default")

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:
        """The value converted, or its default where it can't be."""
        try:
            return super().type_cast_value(ctx, value)
        except click.BadParameter as error:
            ctx.meta.setdefault(_UNREADABLE, []).append(error.format_message())
            return super().type_cast_value(ctx, self._stand_in)


def given_options() -> set[str]:
    """The parameters of this call that were given on its command line."""
    call = click.get_current_context()
    return {name for name in call.params if call.get_parameter_source(name) == ParameterSource.COMMANDLINE}


option = partial(click.option, cls=CollectingOption)
"""`click.option` for commands that report all problems of a call at once."""


class Problems:
    """Collects the problems of a call, so that the user sees all of them at once."""

    def __init__(self) -> None:
        call = click.get_current_context(silent=True)
        self._found: list[str] = list(call.meta.get(_UNREADABLE, ())) if call else []

    def add(self, text: str) -> None:
        """Add one problem."""
        self._found.append(text)

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Add a `LabError` that is raised inside, instead of letting it through."""
        try:
            yield
        except LabError as error:
            self.add(str(error))

    def raise_if_any(self) -> None:
        """Raise one `UsageProblem` with all problems, if there are any."""
        if len(self._found) == 1:
            raise UsageProblem(self._found[0])
        if self._found:
            raise UsageProblem("there are several problems:\n" + "\n".join(f"  - {text}" for text in self._found))


results_option = click.option(
    "--results",
    type=click.Path(file_okay=True, path_type=Path),
    default=Path("results"),
    show_default=True,
    help="Folder for runs.",
)
