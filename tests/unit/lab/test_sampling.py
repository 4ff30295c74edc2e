"""CPU counts of made stacks: whole ones, and those in which a process was lost or replaced."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import polars as pl
import pytest

from authlab.lab.sampling import Count, ResourceSampler, by_the_second, read_resources, whole_slices
from authlab.model.errors import LabError
from authlab.model.windows import Slice
from authlab.stack.protocol import PartUsage, Stack
from authlab.store.frames import RESOURCES_SCHEMA

_COUNTS = (Count(7, "jwt", 0.0, 1.0), Count(7, "jwt", 1.0, 2.0), Count(7, "jwt", 2.0, 3.0))

_S = 1_000_000_000

Usage = Sequence[PartUsage] | Exception


class MadeStack:
    """Has used what a test says, one reading after the other."""

    def __init__(self, *readings: Usage) -> None:
        self._left = list(readings)

    def usage(self) -> Sequence[PartUsage]:
        found = self._left.pop(0)
        if isinstance(found, Exception):
            raise found
        return found


def _part(cpu_ns: int, lives: int = 0, part: str = "worker-1") -> PartUsage:
    return PartUsage(part, cpu_ns, 1_000 + cpu_ns, lives)


def _sampled(folder: Path, readings: Sequence[Usage], counts: Sequence[Count] = _COUNTS) -> pl.DataFrame:
    """The rows of a sampler whose counts are all over by now."""
    file = folder / "resources.csv"
    long_ago = time.monotonic_ns() - 60 * _S
    stacks = {"jwt": cast(Stack, MadeStack(*readings))}
    ResourceSampler(counts, long_ago, stacks, {"jwt": os.getpid()}, {"jwt": file}).run()
    return read_resources(file)


def _cpu(rows: pl.DataFrame, part: str = "worker-1") -> list[int | None]:
    return rows.filter(pl.col("part") == part)["cpu_ns"].to_list()


def test_cpu_time_is_that_between_two_readings_and_counts_share_the_reading_between_them(tmp_path: Path) -> None:
    rows = _sampled(tmp_path, [[_part(100)], [_part(150)], [_part(300)], [_part(310)]])
    assert _cpu(rows) == [50, 150, 10]
    worker = rows.filter(pl.col("part") == "worker-1")
    assert worker["index"].to_list() == [7, 7, 7]
    assert worker["from_ns"].to_list()[1:] == worker["to_ns"].to_list()[:-1]
    assert worker["rss_bytes"].to_list() == [1_150, 1_300, 1_310], "memory is that at the end of the count"
    assert {"generator", "lab"} < set(rows["part"].to_list())
    assert all(used >= 0 for used in rows["cpu_ns"].to_list())


@pytest.mark.parametrize(
    "after",
    [
        pytest.param([_part(400, lives=1)], id="a process came back"),
        pytest.param([_part(20)], id="a clock that fell"),
        pytest.param([_part(20, lives=1)], id="a new process with a clock of its own"),
        pytest.param([], id="the part vanished"),
    ],
)
def test_cpu_time_of_which_some_went_unread_is_empty_in_that_count_alone(
    after: list[PartUsage], tmp_path: Path
) -> None:
    last = [_part(part.cpu_ns + 30, part.lives) for part in after]
    rows = _sampled(tmp_path, [[_part(100)], [_part(150)], after, last])
    assert _cpu(rows) == ([50, None, 30] if after else [50, None])


def test_a_part_that_appears_has_no_cpu_time_before_it_was_read_twice(tmp_path: Path) -> None:
    new = [[_part(5, part="worker-2")], [_part(25, part="worker-2")]]
    rows = _sampled(tmp_path, [[_part(1)], [_part(2)], [_part(3), *new[0]], [_part(4), *new[1]]])
    assert _cpu(rows) == [1, 1, 1]
    assert _cpu(rows, "worker-2") == [None, 20]


@pytest.mark.parametrize("trouble", [LabError("it is gone."), ProcessLookupError("no such process")])
def test_a_reading_that_fails_costs_the_counts_on_both_sides_of_it(trouble: Exception, tmp_path: Path) -> None:
    counts = (*_COUNTS, Count(7, "jwt", 3.0, 4.0))
    rows = _sampled(tmp_path, [[_part(1)], [_part(3)], trouble, [_part(50)], [_part(60)]], counts)
    assert _cpu(rows) == [2, 10]


def test_rows_are_on_disk_after_each_count_and_kept_where_it_is_told_to_stop(tmp_path: Path) -> None:
    file = tmp_path / "resources.csv"
    counts = (Count(0, "jwt", 0.0, 1.0), Count(1, "jwt", 1.0, 10_000.0))
    began = time.monotonic_ns() - 60 * _S
    stacks = {"jwt": cast("Stack", MadeStack([_part(1)], [_part(4)]))}
    sampler = ResourceSampler(counts, began, stacks, {"jwt": os.getpid()}, {"jwt": file})
    sampler.start()
    deadline = time.monotonic() + 10.0
    while read_resources(file).height < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert sampler.is_alive(), "its second count is not over for hours"
    sampler.halt()
    sampler.join(5.0)
    assert not sampler.is_alive()
    assert _cpu(read_resources(file)) == [3]


def test_a_last_row_that_is_not_whole_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "resources.csv"
    assert read_resources(file).is_empty()
    file.write_text("index,pa")
    assert read_resources(file).is_empty()
    file.write_text(",".join(RESOURCES_SCHEMA) + "\n0,proxy,1,2,3,4\n0,worker-1,1,2,,4\n0,worker-2,1,2,3")
    assert read_resources(file).rows() == [(0, "proxy", 1, 2, 3, 4), (0, "worker-1", 1, 2, None, 4)]


def _slice(index: int, start_s: float, end_s: float, warmup_s: float = 0.0) -> Slice:
    return Slice(index, index, "jwt", "jwt", start_s, end_s, warmup_s, 1)


def test_a_slice_between_others_is_one_count_without_its_warm_up() -> None:
    slices = [_slice(0, 0.0, 1.0, 0.25), _slice(1, 1.25, 2.25, 0.25)]
    assert whole_slices(slices) == [Count(0, "jwt", 0.25, 1.0), Count(1, "jwt", 1.5, 2.25)]


def test_counts_by_the_second_cover_every_slice_without_a_gap() -> None:
    found = by_the_second([_slice(0, 0.0, 3.5), _slice(1, 3.5, 4.0), _slice(2, 4.0, 6.0)])
    assert found == [
        Count(0, "jwt", 0.0, 1.0),
        Count(0, "jwt", 1.0, 2.0),
        Count(0, "jwt", 2.0, 3.5),
        Count(1, "jwt", 3.5, 4.0),
        Count(2, "jwt", 4.0, 5.0),
        Count(2, "jwt", 5.0, 6.0),
    ]
