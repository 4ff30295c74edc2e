"""What a read costs, out of made probes: pooled over batches and repetitions, and never predicted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from authlab.experiments.base import Options
from authlab.experiments.faulted import FaultData
from authlab.experiments.faulty.store_reads import READ, WRITTEN, store_reads
from authlab.model.session_store import StoreProbe
from tests.unit.experiments.made_faults import data_of, fault_experiment

_EXPERIMENT = fault_experiment("redis-restart")


def _data(*repetitions: tuple[StoreProbe, ...]) -> list[FaultData]:
    """A repetition each, in which the store of `redis-aof` was probed so."""
    stages = _EXPERIMENT.fault_stages(Options(repeat=len(repetitions)))
    return [
        replace(data_of(stage, {}), probes={"redis-aof": probes} if probes else {})
        for stage, probes in zip(stages, repetitions, strict=True)
    ]


def _batch(us: float, bytes_each: int | None = 132) -> StoreProbe:
    """Twenty calls around that long."""
    return StoreProbe(tuple(us + n - 9.5 for n in range(20)), None if bytes_each is None else 20 * bytes_each)


def test_the_median_is_that_of_all_calls_and_its_interval_comes_from_the_batches() -> None:
    first = tuple(_batch(us) for us in (130, 135, 140, 145, 150))
    second = tuple(_batch(us) for us in (150, 155, 160, 165, 170))
    read, written = store_reads("redis-aof", _data(first, second))
    assert (read.mode, read.quantity, read.unit) == ("redis-aof", READ, "us")
    assert (read.blocks, read.samples) == (2, 200)
    assert read.value == pytest.approx(150, abs=1)
    assert read.interval is not None
    assert 130 < read.interval[0] < read.value < read.interval[1] < 170
    assert (written.quantity, written.value, written.interval) == (WRITTEN, 132.0, (132.0, 132.0))
    assert (written.unit, written.samples) == ("bytes", 200)


def test_bytes_have_the_range_of_the_repetitions() -> None:
    _, written = store_reads("redis-aof", _data((_batch(100, 130), _batch(100, 132)), (_batch(100, 135),)))
    assert written.interval == (131.0, 135.0)


def test_a_store_without_a_file_writes_nothing_and_says_so() -> None:
    _, written = store_reads("redis-aof", _data((_batch(100, None), _batch(101, None))))
    assert written.value == 0.0
    assert "no append-only file" in written.note


def test_a_single_batch_has_no_interval() -> None:
    read, _ = store_reads("redis-aof", _data((_batch(100),)))
    assert read.value == pytest.approx(100)
    assert read.interval is None


def test_what_was_not_measured_is_not_observed() -> None:
    assert store_reads("redis-aof", _data((), ())) == []
    assert store_reads("redis-aof", []) == []
    one = store_reads("redis-aof", _data((), (_batch(100), _batch(101))))
    assert [seen.blocks for seen in one] == [1, 1]


def test_it_is_told_beside_the_verdict_and_decides_nothing() -> None:
    options = Options(repeat=1)
    predictions = _EXPERIMENT.predictions(options)
    assert {READ, WRITTEN}.isdisjoint(p.quantity for p in predictions)
    result = _EXPERIMENT.judge_faults(predictions, _data((_batch(100), _batch(101))))
    assert {o.quantity for o in result.observations} == {READ, WRITTEN}
    assert {j.prediction.quantity for j in result.judgements}.isdisjoint({READ, WRITTEN})


def test_only_arms_with_a_store_are_probed() -> None:
    (stage,) = _EXPERIMENT.fault_stages(Options(repeat=1))
    assert {arm.label: (arm.persistence, arm.probe_store) for arm in stage.arms} == {
        "none": ("none", False),
        "redis": ("none", True),
        "redis-aof": ("everysec", True),
        "redis-aof-always": ("always", True),
        "jwt": ("none", False),
    }
