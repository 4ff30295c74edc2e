"""Response time: a stall is charged to everyone it delayed, the generator's lateness to nobody."""

import polars as pl
import pytest

from authlab.stats.latency import with_latencies

_MS = 1_000_000


def _requests(*rows: tuple[int, int, int, int], user: int = 1, window: int = 0) -> pl.DataFrame:
    """Rows of (due, ready, sent, done) in milliseconds."""
    columns = ("due_ns", "ready_ns", "sent_ns", "done_ns")
    frame = pl.DataFrame([dict(zip(columns, (v * _MS for v in row), strict=True)) for row in rows])
    return frame.with_columns(pl.lit(user).alias("user"), pl.lit(window).alias("window"))


def test_a_stall_is_charged_to_the_requests_that_waited_behind_it() -> None:
    found = with_latencies(_requests((0, 0, 0, 100), (10, 100, 100, 105), (20, 105, 105, 110), (200, 110, 200, 205)))
    assert found["queue_ms"].to_list() == [0, 90, 85, 0]
    assert found["response_ms"].to_list() == [100, 95, 90, 5]


def test_the_generators_own_lateness_is_lag_and_reaches_no_latency() -> None:
    # The first request is sent 40 ms late and so delays the second; a punctual generator would have had no queue.
    found = with_latencies(_requests((0, 0, 40, 45), (20, 45, 45, 50)))
    assert found["lag_ms"].to_list() == [40, 0]
    assert found["queue_ms"].to_list() == [0, 0]
    assert found["response_ms"].to_list() == [5, 5]


def test_users_and_windows_have_queues_of_their_own() -> None:
    both = pl.concat(
        [
            _requests((0, 0, 0, 100), user=1),
            _requests((10, 0, 10, 15), user=2),
            _requests((50, 0, 50, 55), user=1, window=1),
        ]
    )
    assert with_latencies(both)["queue_ms"].to_list() == [0, 0, 0]


def test_lindleys_recursion_holds_on_random_traffic() -> None:
    import numpy as np

    rng = np.random.default_rng(3)
    due = np.cumsum(rng.exponential(10, 500)).astype(int)
    service = rng.exponential(9, 500).astype(int)
    found = with_latencies(_requests(*[(d, d, d, d + s) for d, s in zip(due, service, strict=True)]))
    queue, expected = 0, []
    for k in range(500):
        if k:
            queue = max(0, queue + int(service[k - 1]) - int(due[k] - due[k - 1]))
        expected.append(queue)
    assert found["queue_ms"].to_list() == pytest.approx(expected)
