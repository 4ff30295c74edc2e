"""A session store's persistence, and measurements of the cost of reading a session there."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Final, Literal, get_args

Persistence = Literal["none", "everysec", "always"]
"""What outlives the store's process: nothing, or what its append-only file holds, in the words of Redis' `appendfsync`.

The file is flushed to the disk every second, or before each write is answered.
"""

PERSISTENCES: Final[tuple[Persistence, ...]] = get_args(Persistence)


TIMEOUT_S: Final = 0.2
"""How long the service waits for a connection to its store, and for each reply, unless it is told otherwise."""

TIMEOUT_SETTING: Final = "AUTHLAB_STORE_TIMEOUT_S"
"""The worker's setting for it. A store that takes longer is away: every request gets a 503."""


@dataclass(frozen=True)
class StoreProbe:
    """Reads of one session, one after the other on one warm connection, without other clients at the store.

    `calls_us` has the round trip of each in µs. `aof_bytes` is the growth of the append-only file by all of them
    together; None if there is no such file. GETEX sets the expiry, and is therefore a write.
    """

    calls_us: tuple[float, ...]
    aof_bytes: int | None

    @property
    def median_us(self) -> float:
        """The median round trip in µs. Raises `statistics.StatisticsError` without calls."""
        return statistics.median(self.calls_us)

    @property
    def aof_bytes_per_call(self) -> float | None:
        """Bytes of the append-only file per call; None if there is no such file."""
        return None if self.aof_bytes is None else self.aof_bytes / len(self.calls_us)
