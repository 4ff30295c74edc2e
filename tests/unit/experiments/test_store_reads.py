"""What a read costs, out of made probes: pooled over batches and repetitions, and never predicted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from authlab.experiments.catalogue import EXPERIMENTS
from authlab.experiments.evidence import Evidence, PlanData
from authlab.experiments.options import Options
from authlab.experiments.store_reads import READ, WRITTEN, read_us, written_bytes
from authlab.model.findings import Observation
from authlab.model.session_store import StoreProbe
from tests.unit.experiments.made_faults import FACTS, Diary, data_of, judged_by, plans_of, predicted

_NAME = "redis-restart"


def _data(*repetitions: tuple[StoreProbe, ...]) -> list[PlanData]:
    """A repetition each, in which the store of `redis-aof` was probed so, and a single user logged in."""
    diary = Diary()
    diary.login(0, -1.0, "worker-1")
    data = [data_of(plan, {"redis-aof": (diary, ())}) for plan in plans_of(_NAME, Options(repeat=len(repetitions)))]
    return [
        replace(one, arms={label: replace(arm, probes=probes) for label, arm in one.arms.items()})
        for one, probes in zip(data, repetitions, strict=True)
    ]


def _reads(*repetitions: tuple[StoreProbe, ...]) -> list[Observation]:
    """What is observed of reading a session at the store of `redis-aof`."""
    evidence = Evidence(tuple(_data(*repetitions)) if repetitions else (), FACTS)
    rows = EXPERIMENTS[_NAME].expectations(plans_of(_NAME))
    wanted = [row for row in rows if row.arm == "redis-aof" and row.measure in (read_us, written_bytes)]
    return [found for row in wanted if (found := row.observed(evidence)) is not None]


def _batch(us: float, bytes_each: int | None = 132) -> StoreProbe:
    """Twenty calls around that long."""
    return StoreProbe(tuple(us + n - 9.5 for n in range(20)), None if bytes_each is None else 20 * bytes_each)


def test_the_median_is_that_of_all_calls_and_its_interval_comes_from_the_batches() -> None:
    first = tuple(_batch(us) for us in (130, 135, 140, 145, 150))
    second = tuple(_batch(us) for us in (150, 155, 160, 165, 170))
    read, written = _reads(first, second)
    assert (read.mode, read.quantity, read.unit) == ("redis-aof", READ, "us")
    assert (read.blocks, read.samples) == (2, 200)
    assert read.value == pytest.approx(150, abs=1)
    assert read.interval is not None
    assert 130 < read.interval[0] < read.value < read.interval[1] < 170
    assert (written.quantity, written.value, written.interval) == (WRITTEN, 132.0, (132.0, 132.0))
    assert (written.unit, written.samples) == ("bytes", 200)


def test_bytes_have_the_range_of_the_repetitions() -> None:
    _, written = _reads((_batch(100, 130), _batch(100, 132)), (_batch(100, 135),))
    assert written.interval == (131.0, 135.0)


def test_a_store_without_a_file_writes_nothing_and_says_so() -> None:
    _, written = _reads((_batch(100, None), _batch(101, None)))
    assert written.value == 0.0
    assert "no append-only file" in written.note


def test_a_single_batch_has_no_interval() -> None:
    read, _ = _reads((_batch(100),))
    assert read.value == pytest.approx(100)
    assert read.interval is None


def test_what_was_not_measured_is_not_observed() -> None:
    assert _reads((), ()) == []
    assert _reads() == []
    one = _reads((), (_batch(100), _batch(101)))
    assert [seen.blocks for seen in one] == [1, 1]


def test_it_is_told_beside_the_verdict_and_decides_nothing() -> None:
    options = Options(repeat=1)
    assert {READ, WRITTEN}.isdisjoint(p.quantity for p in predicted(_NAME, options))
    result = judged_by(_NAME, plans_of(_NAME, options), _data((_batch(100), _batch(101))))
    assert {o.quantity for o in result.observations} == {READ, WRITTEN}
    assert {j.prediction.quantity for j in result.judgements}.isdisjoint({READ, WRITTEN})


def test_only_arms_with_a_store_are_probed() -> None:
    (plan,) = plans_of(_NAME, Options(repeat=1))
    assert {arm.label: (arm.persistence, arm.probe_store) for arm in plan.arms} == {
        "none": ("none", False),
        "redis": ("none", True),
        "redis-aof": ("everysec", True),
        "redis-aof-always": ("always", True),
        "jwt": ("none", False),
    }
