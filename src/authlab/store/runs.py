"""Makes, writes, finds and reads the folders of runs under results/runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
import polars as pl

from authlab.model.errors import Damaged, UsageProblem, all_of, nearest
from authlab.model.run import Run
from authlab.store.atomic import point_latest, write_json, write_parquet, write_text
from authlab.store.codec import SCHEMAS, run_from_json, run_to_json
from authlab.store.frames import RESOURCES_SCHEMA, SAMPLES_SCHEMA, WINDOWS_SCHEMA, TrialFrames

_TABLES: Final = {"samples": SAMPLES_SCHEMA, "windows": WINDOWS_SCHEMA, "resources": RESOURCES_SCHEMA}


def new_run_id(name: str, now: datetime) -> str:
    """A folder name that sorts by time: 20261124T060000Z-three-modes."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60]
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{slug or 'run'}"


class RunFolder:
    """The folder of one run. Every write is atomic. Reading detects damaged and foreign folders."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, results: Path, run_id: str) -> RunFolder:
        """Make `results`/runs/`run_id`; a second run in the same second gets a number. `latest` points to it."""
        runs = results / "runs"
        try:
            runs.mkdir(parents=True, exist_ok=True)
            for number in range(1, 1000):
                path = runs / (run_id if number == 1 else f"{run_id}-{number}")
                try:
                    path.mkdir()
                except FileExistsError:
                    continue
                point_latest(results / "latest", path)
                return cls(path)
        except OSError as error:
            raise UsageProblem(
                f"cannot write runs to {results}: {error.strerror}. Choose another folder with --results DIR."
            ) from error
        raise UsageProblem(f"{runs} has a thousand runs of the name {run_id}; remove some with: authlab clean")

    @property
    def id(self) -> str:
        """The folder's name."""
        return self.path.name

    def write_run(self, run: Run) -> None:
        """Write run.json."""
        write_json(self.path / "run.json", run_to_json(run))

    def read_run(self) -> Run:
        """Read run.json. Raises `Damaged` if it is missing, incomplete, foreign or of another schema."""
        file = self.path / "run.json"
        body = read_object(file, "a run")
        schema = body.get("schema")
        if schema not in SCHEMAS:
            raise Damaged(
                f"{file} has the schema {schema!r}; this authlab reads {' and '.join(map(repr, SCHEMAS))}. "
                "Use the version of authlab that wrote it (run.json, versions.authlab)."
            )
        try:
            return run_from_json(body)
        except msgspec.ValidationError as error:
            raise Damaged(f"{file} is not a complete run: {error}. Its trials may still hold data.") from error

    def trial_folder(self, trial_id: str) -> Path:
        """The folder of a trial, which is made if needed, with its folder for logs."""
        folder = self.path / "trials" / trial_id
        (folder / "logs").mkdir(parents=True, exist_ok=True)
        return folder

    def write_frames(self, trial_id: str, frames: TrialFrames) -> None:
        """Write a trial's tables."""
        folder = self.trial_folder(trial_id)
        for name, schema in _TABLES.items():
            frame: pl.DataFrame = getattr(frames, name)
            write_parquet(folder / f"{name}.parquet", frame.select(list(schema)).cast(pl.Schema(schema)))

    def read_frames(self, trial_id: str, of_samples: Sequence[str] = tuple(SAMPLES_SCHEMA)) -> TrialFrames:
        """Read a trial's tables, but only the columns `of_samples` of the samples.

        A table that was never written is empty. Raises `Damaged` for a broken file.
        """
        columns = {**{name: list(schema) for name, schema in _TABLES.items()}, "samples": list(of_samples)}
        return TrialFrames(**{name: self._table(trial_id, name, wanted) for name, wanted in columns.items()})

    def _table(self, trial_id: str, name: str, columns: list[str]) -> pl.DataFrame:
        schema = {column: _TABLES[name][column] for column in columns}
        file = self.path / "trials" / trial_id / f"{name}.parquet"
        if not file.exists():
            return pl.DataFrame(schema=schema)
        try:
            return pl.read_parquet(file, columns=columns).select(columns).cast(pl.Schema(schema))
        except (pl.exceptions.PolarsError, OSError) as error:
            first = str(error).splitlines()[0]
            raise Damaged(f"{file} cannot be read ({first}). Leave its trial out, or run again.") from error

    def write_report(self, name: str, content: str | dict[str, Any]) -> Path:
        """Write report.json (a dict), or report.html or report.md (text). Gives the path."""
        file = self.path / name
        if isinstance(content, str):
            write_text(file, content)
        else:
            write_json(file, content)
        return file


def read_object(file: Path, what: str) -> dict[str, Any]:
    """The JSON object in `file`. Raises `Damaged` if there is none; `what` names what the folder should be."""
    try:
        body = msgspec.json.decode(file.read_bytes())
    except FileNotFoundError:
        raise Damaged(f"{file.parent} is not {what}: it has no {file.name}.") from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise Damaged(f"{file} is damaged: {error}.") from error
    except OSError as error:
        raise Damaged(f"{file} cannot be read: {error.strerror}.") from error
    if not isinstance(body, dict):
        raise Damaged(f"{file} is damaged: it holds no JSON object.")
    return body


def stored_runs(results: Path) -> list[Path]:
    """The folders under `results`/runs, oldest first."""
    runs = results / "runs"
    return sorted(path for path in runs.iterdir() if path.is_dir()) if runs.is_dir() else []


def find_run(name: str, results: Path) -> Path:
    """The folder for a user's word: a path, the id of a run under `results`, or `latest`.

    Raises `UsageProblem` or, with the nearest match, `UnknownName` if there is no such run.
    """
    as_path = Path(name)
    if as_path.is_file():
        as_path = as_path.parent
    for candidate in (as_path, results / "runs" / name, results / name):
        if candidate.is_dir():
            return candidate.resolve()
    ids = [path.name for path in stored_runs(results)]
    if not ids:
        raise UsageProblem(f"no run {name!r}: there are no runs in {results} yet. Make one with: authlab run")
    raise nearest("run", name, [*ids, "latest"] if (results / "latest").is_dir() else ids)


def find_runs(names: Iterable[str], results: Path) -> list[Path]:
    """The folders for several words of a user. Raises one `UsageProblem` for all that are not found."""
    return all_of((partial(find_run, name, results) for name in names), UsageProblem)
