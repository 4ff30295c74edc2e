"""What was done to a trial and what its history shows: faults.json and history.json in the trial's folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, TypeVar

from authlab.model.errors import Damaged
from authlab.model.faults import FaultEvent, Step
from authlab.model.history import Checked, Event, Recovery, Seconds, Staleness, TrialHistory, Violation
from authlab.store.atomic import write_json
from authlab.store.fitting import misfit
from authlab.store.runs import read_object

FAULTS_SCHEMA: Final = "authlab/faults/1"
HISTORY_SCHEMA: Final = "authlab/history/1"
_FAULTS: Final = "faults.json"
_HISTORY: Final = "history.json"

T = TypeVar("T")


def write_faults(folder: Path, faults: Sequence[FaultEvent]) -> None:
    """Write the trial's faults, at once or not at all. Raises `Unavailable` where the disk does not allow it."""
    write_json(folder / _FAULTS, {"schema": FAULTS_SCHEMA, "faults": [asdict(fault) for fault in faults]})


def read_faults(folder: Path) -> tuple[FaultEvent, ...]:
    """The trial's faults, none where nothing was written. Raises `Damaged` for a file that is not whole."""
    return _read(folder / _FAULTS, FAULTS_SCHEMA, "faults", FaultEvent, _fault)


def write_history(folder: Path, checks: Sequence[Checked]) -> None:
    """Write what the checkers found, at once or not at all. Raises `Unavailable` where the disk does not allow it."""
    write_json(folder / _HISTORY, {"schema": HISTORY_SCHEMA, "checks": [asdict(check) for check in checks]})


def read_history(folder: Path) -> tuple[Checked, ...]:
    """What the checkers found, nothing where nothing was written. Raises `Damaged` for a file that is not whole."""
    return _read(folder / _HISTORY, HISTORY_SCHEMA, "checks", Checked, _checked)


def read_trial_history(folder: Path) -> TrialHistory | None:
    """Both files of a trial; None where it has neither. Raises `Damaged`."""
    if not (folder / _FAULTS).exists() and not (folder / _HISTORY).exists():
        return None
    return TrialHistory(read_faults(folder), read_history(folder))


def _read(file: Path, schema: str, member: str, kind: type[T], make: Callable[[dict[str, Any]], T]) -> tuple[T, ...]:
    if not file.exists():
        return ()
    body = read_object(file, "a trial with a history")
    if body.get("schema") != schema:
        raise Damaged(
            f"{file} has the schema {body.get('schema')!r}; this authlab reads {schema!r}. "
            "Use the version of authlab that wrote it (run.json, versions.authlab)."
        )
    try:
        found = tuple(make(item) for item in body[member])
        problem = misfit(found, tuple[kind, ...], member)  # type: ignore[valid-type]
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise Damaged(f"{file} is damaged: {error!r}. The trial's tables may still be whole.") from error
    if problem:
        raise Damaged(f"{file} is damaged: {problem}. The trial's tables may still be whole.")
    return found


def _fault(body: dict[str, Any]) -> FaultEvent:
    return FaultEvent(**{**body, "steps": tuple(Step(**item) for item in body.get("steps", ()))})


def _checked(body: dict[str, Any]) -> Checked:
    staleness, seconds = body.get("staleness"), body.get("seconds")
    parts = {
        "violations": tuple(_violation(item) for item in body.get("violations", ())),
        "staleness": None if staleness is None else Staleness(**staleness),
        "recoveries": tuple(Recovery(**item) for item in body.get("recoveries", ())),
        "seconds": None if seconds is None else _seconds(seconds),
        "reasons": _tuple(body.get("reasons", ())),
    }
    return Checked(**{**body, **parts})


def _violation(body: dict[str, Any]) -> Violation:
    return Violation(**{**body, "timeline": tuple(Event(**item) for item in body["timeline"])})


def _seconds(body: dict[str, Any]) -> Seconds:
    counts = {outcome: _tuple(numbers) for outcome, numbers in body["counts"].items()}
    if len({len(numbers) for numbers in counts.values() if isinstance(numbers, tuple)}) > 1:
        raise ValueError("seconds.counts has lists of unlike length")
    return Seconds(**{**body, "counts": counts})


def _tuple(value: Any) -> Any:
    """A list as a tuple; a text stays what it is, for it would be taken apart into letters."""
    return tuple(value) if isinstance(value, list | tuple) else value
