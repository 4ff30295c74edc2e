"""The clock of a worker, which experiments may set ahead of or behind the others'.

This is a seam: all that the service decides by time (a token's issue and check, the sessions in a worker's memory, the
absolute end of those in Redis) goes by a clock that comes from here. The idle time in Redis is Redis's own.
`clock.json` in the folder of secrets says by how many seconds which worker is off: `{"worker-2": 5.0}`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from services.documents import Unusable

Clock = Callable[[], float]

MOST_S: Final = 31_536_000.0
"""The most that a clock may be off, either way: a year, as long as anything here lives."""


def ahead(clock: Clock, seconds: float) -> Clock:
    """`clock`, so many seconds ahead (behind, if negative); `clock` itself, and no cost, for none."""
    return (lambda: clock() + seconds) if seconds else clock


def offsets_of(document: Any) -> Mapping[str, float]:
    """Worker → seconds in a `clock.json` document; raises `Unusable`."""
    if not isinstance(document, dict):
        raise Unusable('expected {"worker-1": seconds, ...}')
    for worker, seconds in document.items():
        if type(seconds) not in (int, float) or not math.isfinite(seconds) or abs(seconds) > MOST_S:
            raise Unusable(f"the offset of {worker!r} is not a number of seconds from -{MOST_S:.0f} to {MOST_S:.0f}")
    return document
