"""Reads the recording of a load: the folder `authlab/recording/1` that `loadtests/` writes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import polars as pl

from authlab.model.errors import Damaged
from authlab.model.plan import Seed
from authlab.model.samples import SAMPLE_COLUMNS
from authlab.store.runs import read_object
from authlab.store.typed import typed

RECORDING_SCHEMA: Final = "authlab/recording/1"
_TEXTS: Final = frozenset({"op", "worker", "outcome", "reason", "request_id", "item", "cart"})
_MOMENTS: Final = ("issued_ns", "expires_ns", "due_ns", "ready_ns", "sent_ns", "done_ns")
SAMPLE_TYPES: Final[dict[str, pl.DataType]] = {
    name: pl.String() if name in _TEXTS else pl.Int64() for name in SAMPLE_COLUMNS
}
WINDOW_TYPES: Final[dict[str, pl.DataType]] = {
    name: pl.Int64() for name in ("window", "arrivals", "unserved", "cpu_ns", "opened_ns", "closed_ns")
}
_ANOTHER_CLOCK_NS: Final = 1_000_000_000
"""Processes of one machine share CLOCK_MONOTONIC. An offset that differs by more than this shows another machine."""


class Clock(msgspec.Struct, frozen=True):
    """The same moment by CLOCK_MONOTONIC, which a machine's processes share, and by the wall clock."""

    monotonic_ns: int
    unix_ns: int


class Head(msgspec.Struct, frozen=True):
    """Members of recording.json that are required or that the lab reads. `clock_end` is null until the load ends."""

    id: str
    status: str
    scenario: str
    host: str | None
    clock: Clock
    clock_end: Clock | None = None
    mode: str | None = None
    seed: Seed | None = None


class _Ready(msgspec.Struct, frozen=True):
    clock: Clock


@dataclass(frozen=True)
class Recording:
    """A recording in memory.

    `samples` has one row per request (authlab.model.samples), in the order of sending. `windows` has one row per window
    and process. `metadata` is recording.json, and `head` holds its typed members. Times are of the leading process's
    clock.
    """

    folder: Path
    head: Head
    metadata: dict[str, Any]
    samples: pl.DataFrame
    windows: pl.DataFrame

    @property
    def id(self) -> str:
        """The folder's name when it was made."""
        return self.head.id

    @property
    def status(self) -> str:
        """`finished`, `interrupted`, or `running`, which also stands for a killed Locust."""
        return self.head.status


def read_recording(folder: Path) -> Recording:
    """Read a recording, finished or not. An incomplete last line is left out.

    Raises `Damaged`, with file and problem, if the folder is no recording or a file of it can't be used.
    """
    metadata = _metadata(folder)
    head = typed(metadata, Head, folder / "recording.json")
    files = sorted(folder.glob("samples-*.csv"))
    if not files:
        raise Damaged(f"{folder} holds no samples, because no process of this recording started to send.")
    samples = [_on_clock_of(head.clock, _table(file, SAMPLE_TYPES), file) for file in files]
    windows = [_table(file, WINDOW_TYPES) for file in sorted(folder.glob("windows-*.csv"))]
    return Recording(
        folder=folder,
        head=head,
        metadata=metadata,
        samples=pl.concat(samples).sort("sent_ns"),
        windows=pl.concat(windows).sort("window") if windows else pl.DataFrame(schema=WINDOW_TYPES),
    )


def _metadata(folder: Path) -> dict[str, Any]:
    body = read_object(folder / "recording.json", "a recording")
    if body.get("schema") != RECORDING_SCHEMA:
        raise Damaged(
            f"{folder / 'recording.json'} has schema {body.get('schema')!r}; this authlab reads {RECORDING_SCHEMA!r}."
        )
    return body


def _table(file: Path, types: dict[str, pl.DataType]) -> pl.DataFrame:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise Damaged(f"{file} cannot be read: {error}.") from error
    data = data[: data.rfind(b"\n") + 1]
    if data.split(b"\n", 1)[0] != ",".join(types).encode():
        raise Damaged(f"{file} does not begin with the columns of {RECORDING_SCHEMA!r}: another program wrote it.")
    try:
        table = pl.read_csv(data, schema=pl.Schema(types), quote_char=None)
    except pl.exceptions.PolarsError as error:
        raise Damaged(f"{file} is damaged: {str(error).splitlines()[0]}") from error
    broken = table.select(pl.any_horizontal(pl.col(pl.Int64).is_null()).arg_true()).to_series()
    if broken.len():
        raise Damaged(f"{file} is damaged: line {broken[0] + 2} is incomplete, but lines follow it.")
    return table.with_columns(pl.col(pl.String).fill_null(""))  # an empty field is an empty text


def _on_clock_of(leading: Clock, samples: pl.DataFrame, file: Path) -> pl.DataFrame:
    """Samples of a Locust worker on another machine, moved to the leading process's clock by the wall clocks."""
    ready = file.with_name(file.name.replace("samples-", "ready-", 1)).with_suffix(".json")
    try:
        own = msgspec.json.decode(ready.read_bytes(), type=_Ready).clock
    except (OSError, msgspec.DecodeError):
        return samples  # the process never became ready: there is nothing to compare
    shift = (own.unix_ns - own.monotonic_ns) - (leading.unix_ns - leading.monotonic_ns)
    if abs(shift) < _ANOTHER_CLOCK_NS:
        return samples
    return samples.with_columns(
        pl.when(pl.col(name) > 0).then(pl.col(name) + shift).otherwise(pl.col(name)) for name in _MOMENTS
    )
