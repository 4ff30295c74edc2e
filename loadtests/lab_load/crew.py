"""The numbers of this process's users. All processes together have 0 … U−1, each once.

Locust's dispatcher gives users to workers in turn, in an order that it derives from the workers' ids. The master
derives the same order and sends it to the workers. Worker p of W therefore has the users p, p + W, p + 2W, …: the same
users, with the same schedules, as one process would have.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

_LATE = 1_000_000
"""Numbers of the users of a worker that joined after the start: a range of its own, far from the others."""


def dispatch_order(worker_ids: Iterable[str]) -> list[str]:
    """Workers in the order in which Locust gives them users: by their place on their host, then by id."""
    place: dict[str, int] = {}
    seen: defaultdict[str, int] = defaultdict(int)
    for worker_id in sorted(worker_ids):
        host = worker_id.split("_")[0]
        place[worker_id] = seen[host]
        seen[host] += 1
    return sorted(place, key=lambda worker_id: (place[worker_id], worker_id))


class Crew:
    """Numbers the users of one process in the order in which they start."""

    def __init__(self, order: Sequence[str], worker_id: str, late_index: int = 0) -> None:
        known = worker_id in order
        self._next = order.index(worker_id) if known else _LATE * (late_index + 1)
        self._step = len(order) if known else 1

    def enrol(self) -> int:
        """The number of the next user."""
        number, self._next = self._next, self._next + self._step
        return number
