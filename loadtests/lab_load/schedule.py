"""When each user sends what: independent Poisson streams. Equal seeds give equal streams, however users are split.

Every user has a generator of its own. Only the window's seed and the user's number seed it. The same window therefore
gives the same arrivals in every mode, on one process or on four. The sum over users is a Poisson stream of the full
rate (superposition of independent Poisson processes).
"""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import NamedTuple

ITEMS = tuple(f"i{number}" for number in range(1, 9))
"""The items that users put into their carts: few, so that carts (and the tokens that hold them) stay small."""


class Arrival(NamedTuple):
    """One scheduled request: `at_ns` after its window's start."""

    at_ns: int
    op: str
    item: str  # empty unless the operation writes one


class Mix:
    """Shares of the operations, drawn by a generator from the caller. Shares need not add up to 1."""

    def __init__(self, shares: Mapping[str, float]) -> None:
        self._ops = tuple(shares)
        self._bounds = tuple(accumulate(shares.values()))

    def draw(self, rng: random.Random) -> tuple[str, str]:
        """An operation and, for a write, the item it writes."""
        op = self._ops[bisect(self._bounds, rng.random() * self._bounds[-1])]
        return op, (rng.choice(ITEMS) if op == "add" else "")


def stream(seed: int | str, user: int) -> random.Random:
    """The generator of one user in one window."""
    return random.Random(f"{seed}:{user}")  # noqa: S311 - a schedule is no secret


def arrivals(rng: random.Random, rate_rps: float, length_ns: int, mix: Mix) -> list[Arrival]:
    """All arrivals of one user within a window of `length_ns`, at `rate_rps` (this user's share of the rate)."""
    found: list[Arrival] = []
    at_ns = 0.0
    while True:
        at_ns += rng.expovariate(rate_rps) * 1e9
        if at_ns >= length_ns:
            return found
        op, item = mix.draw(rng)
        found.append(Arrival(int(at_ns), op, item))


def endless(rng: random.Random, gap_rate_rps: Iterator[float], mix: Mix) -> Iterator[Arrival]:
    """Arrivals without end. `gap_rate_rps` is called before each gap, because the number of users may change."""
    at_ns = 0.0
    for rate_rps in gap_rate_rps:
        at_ns += rng.expovariate(rate_rps) * 1e9
        op, item = mix.draw(rng)
        yield Arrival(int(at_ns), op, item)
