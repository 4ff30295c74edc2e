"""The files beside a trial's tables: probes.json, faults.json and history.json, with the checkers' results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeVar

from msgspec import Struct, to_builtins

from authlab.model.errors import Damaged
from authlab.model.faults import FaultEvent
from authlab.model.history import Checked, TrialHistory
from authlab.model.session_store import StoreProbe
from authlab.store.atomic import write_json
from authlab.store.runs import read_object
from authlab.store.typed import typed


class _Faults(Struct, frozen=True, kw_only=True):
    schema: str = "authlab/faults/1"
    faults: tuple[FaultEvent, ...]
    problems: tuple[str, ...] = ()


class _History(Struct, frozen=True, kw_only=True):
    schema: str = "authlab/history/1"
    checks: tuple[Checked, ...]


class _Probes(Struct, frozen=True, kw_only=True):
    schema: str = "authlab/probes/1"
    probes: tuple[StoreProbe, ...]


_FAULTS: Final = "faults.json"
_HISTORY: Final = "history.json"
_PROBES: Final = "probes.json"

T = TypeVar("T", _Faults, _History, _Probes)


def write_faults(folder: Path, faults: Sequence[FaultEvent], problems: Sequence[str] = ()) -> None:
    """Write the trial's faults, and their `problems`, which are sentences.

    The file is written completely or not at all. Raises `Unavailable` if the disk does not allow it.
    """
    write_json(folder / _FAULTS, to_builtins(_Faults(faults=tuple(faults), problems=tuple(problems))))


def write_history(folder: Path, checks: Sequence[Checked]) -> None:
    """Write the checkers' results, completely or not at all. Raises `Unavailable` if the disk does not allow it."""
    write_json(folder / _HISTORY, to_builtins(_History(checks=tuple(checks))))


def write_probes(folder: Path, probes: Sequence[StoreProbe]) -> None:
    """Write the probes of the arm's store, completely or not at all.

    Raises `Unavailable` if the disk does not allow it.
    """
    write_json(folder / _PROBES, to_builtins(_Probes(probes=tuple(probes))))


def read_trial_history(folder: Path) -> TrialHistory | None:
    """All three files of a trial; None if it has none of them. Raises `Damaged` for an incomplete file."""
    if not any((folder / name).exists() for name in (_FAULTS, _HISTORY, _PROBES)):
        return None
    done = _read(folder / _FAULTS, _Faults(faults=()))
    found = _read(folder / _HISTORY, _History(checks=()))
    probed = _read(folder / _PROBES, _Probes(probes=()))
    return TrialHistory(done.faults, found.checks, done.problems, probed.probes)


def _read(file: Path, nothing: T) -> T:
    """The content of `file`; `nothing` if it was never written."""
    if not file.exists():
        return nothing
    body = read_object(file, "a trial with a history")
    if body.get("schema") != nothing.schema:
        raise Damaged(
            f"{file} has the schema {body.get('schema')!r}; this authlab reads {nothing.schema!r}. "
            "Use the version of authlab that wrote it (run.json, versions.authlab)."
        )
    return typed(body, type(nothing), file, "The trial's tables may still be complete.")
