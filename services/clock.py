"""The clock of a worker. Experiments may set it ahead of or behind the other workers' clocks.

All time-based decisions of the service use a clock from here: issuing and checking tokens, the sessions in a worker's
memory, and the absolute end of sessions in Redis. For the idle time Redis uses its own clock. `clock.json` in the
folder of secrets says by how many seconds each worker is off: `{"worker-2": 5.0}`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from services.documents import Unusable

Clock = Callable[[], float]

MOST_S: Final = 31_536_000.0
"""The maximum offset of a clock, either way: a year, as long as the longest lifetime here."""


def ahead(clock: Clock, seconds: float) -> Clock:
    """`clock`, that many seconds ahead (behind, if negative). For 0 it is `clock` itself, at no cost."""
    return (lambda: clock() + seconds) if seconds else clock


def offsets_of(document: Any) -> Mapping[str, float]:
    """Worker → seconds in a `clock.json` document; raises `Unusable`."""
    if not isinstance(document, dict):
        raise Unusable('expected {"worker-1": seconds, ...}')
    for worker, seconds in document.items():
        if type(seconds) not in (int, float) or not math.isfinite(seconds) or abs(seconds) > MOST_S:
            raise Unusable(f"the offset of {worker!r} is not a number of seconds from -{MOST_S:.0f} to {MOST_S:.0f}")
    return document
