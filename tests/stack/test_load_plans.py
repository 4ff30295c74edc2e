"""Load by plan: what the lab asks for is what is sent, checked and recorded."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from load_bench import Bench, in_windows, plan
from load_runs import WITHIN_S, lag_ms, read
from load_service import LoadService

from authlab.host.processes import Guardian
from authlab.model.errors import LabError

pytestmark = pytest.mark.stack


@pytest.fixture
def bench(tmp_path: Path) -> Any:
    with Guardian() as guardian:
        yield Bench(tmp_path, guardian)


@pytest.mark.parametrize("style", ["cookie", "token", "none"])
def test_users_browse_with_whatever_credential_they_were_given(bench: Bench, style: str) -> None:
    with LoadService(style=style) as service:
        recording = bench.run(service, plan(800, 800))
    rows = in_windows(recording)
    assert recording.status == "finished"
    assert set(rows["outcome"]) == {"ok"}, rows.filter(pl.col("outcome") != "ok")
    assert set(rows["op"]) == {"me", "cart", "add"}
    assert set(rows["worker"]) == {"worker-1"}
    # On a busy machine an arrival at a window's very end may come too late to be sent; it is counted, not lost.
    assert rows.height + recording.windows["unserved"].sum() == recording.windows["arrivals"].sum()
    assert recording.windows["cpu_ns"].min() > 0
    assert rows["credential"].min() >= 1
    logins = recording.samples.filter(pl.col("op") == "login")
    assert logins.height == 10
    assert set(logins["window"]) == {-1}
    assert set(logins["credential"]) == {0}
    writes = rows.filter(pl.col("op") == "add")
    assert writes.filter((pl.col("item") == "") | ~pl.col("cart").str.contains(pl.col("item"), literal=True)).is_empty()
    if style == "token":
        assert rows["credential"].max() > 1, "a write brought a new token, and it was used"
        assert rows.filter(pl.col("expires_ns") <= pl.col("issued_ns")).is_empty()


def test_two_modes_get_the_same_schedule_from_the_same_seeds(bench: Bench) -> None:
    schedules = []
    for name in ("first", "second"):
        with LoadService() as service:
            recording = bench.run(service, plan(1000), name)
        rows = in_windows(recording).sort("user", "due_ns")
        first = rows["due_ns"].min()
        assert isinstance(first, int)
        schedules.append(rows.select("user", "op", "item", pl.col("due_ns") - first))
    assert schedules[0].equals(schedules[1])


def test_a_request_bears_the_id_that_its_row_names(bench: Bench) -> None:
    with LoadService() as service:
        rows = bench.run(service, plan(500)).samples
        seen = [headers["x-request-id"] for _, _, headers in service.seen]
    assert sorted(seen) == sorted(rows["request_id"])


def test_a_stall_is_charged_to_the_requests_that_were_due_and_not_to_the_generator(bench: Bench) -> None:
    def stall(origin_ns: int) -> None:
        time.sleep(0.5 - (time.monotonic_ns() - origin_ns) / 1e9)
        service.knobs.stall.clear()
        time.sleep(0.5)
        service.knobs.stall.set()

    with LoadService() as service:
        recording = bench.run(service, plan(1500, users=5, rate_rps=200.0), meanwhile=stall)
    rows = in_windows(recording)
    service_ms = rows.select((pl.col("done_ns") - pl.col("sent_ns")) / 1e6).to_series()
    waited_ms = rows.select((pl.col("sent_ns") - pl.col("due_ns")) / 1e6).to_series()
    assert 350 < service_ms.max() < 800, "the request in the middle of the stall"
    assert (service_ms > 100).sum() == 5, "each user has one request under way, no more"
    assert (waited_ms > 100).sum() > 40, "those behind it were due long before they could be sent"
    assert lag_ms(rows).quantile(0.9) < 20, "which is not the generator's lateness"
    busy = rows.filter(pl.col("ready_ns") > pl.col("due_ns"))
    assert busy.height > 50
    assert rows.height + recording.windows["unserved"].sum() == recording.windows["arrivals"].sum()


def test_arrivals_that_could_not_be_sent_within_their_window_are_counted(bench: Bench) -> None:
    with LoadService() as service:
        service.knobs.slow_s = 0.4
        recording = bench.run(service, plan(1000, users=2))
    unserved = recording.windows["unserved"].sum()
    assert unserved > 50
    assert in_windows(recording).height + unserved == recording.windows["arrivals"].sum()


def test_an_answer_for_somebody_else_is_wrong(bench: Bench) -> None:
    with LoadService() as service:
        swap = lambda _: setattr(service.knobs, "wrong_identity", True)  # noqa: E731
        recording = bench.run(service, plan(600, 600), meanwhile=swap)
    rows = in_windows(recording).filter(pl.col("window") == 1)
    assert set(rows["outcome"]) == {"wrong"}
    assert set(rows["reason"]) == {"identity"}


def test_a_lost_write_is_wrong_once_and_not_ever_after(bench: Bench) -> None:
    with LoadService(drop_every_write=True) as service:
        rows = in_windows(bench.run(service, plan(1000)))
    assert set(rows.filter(pl.col("op") == "add")["outcome"]) == {"wrong"}
    assert set(rows.filter(pl.col("op") != "add")["outcome"]) == {"ok"}
    assert set(rows.filter(pl.col("outcome") == "wrong")["reason"]) == {"cart"}


def test_an_answer_made_by_the_proxy_is_told_from_one_made_by_a_worker(bench: Bench) -> None:
    def break_both(origin_ns: int) -> None:
        service.knobs.bad_gateway = True
        time.sleep(max(0.0, 0.8 - (time.monotonic_ns() - origin_ns) / 1e9))
        service.knobs.bad_gateway, service.knobs.break_worker = False, True

    with LoadService() as service:
        rows = in_windows(bench.run(service, plan(600, 600), meanwhile=break_both))
    first, second = (rows.filter(pl.col("window") == index) for index in (0, 1))
    assert set(first["outcome"]) == {"proxy"}
    assert set(first["reason"]) == {"status_502"}
    assert set(second["outcome"]) == {"server"}
    assert set(second["reason"]) == {"bug_ with a comma"}, "a comma in a reason must not break the line"


def test_a_service_that_does_not_answer_is_a_timeout(bench: Bench) -> None:
    with LoadService() as service:
        stall = lambda _: service.knobs.stall.clear()  # noqa: E731
        rows = in_windows(bench.run(service, plan(1000, timeout_s=0.3), meanwhile=stall))
    assert set(rows["outcome"]) == {"timeout"}
    assert set(rows["status"]) == {0}
    service_ms = (rows["done_ns"] - rows["sent_ns"]) / 1e6
    assert 290 < service_ms.min() < service_ms.max() < 600


def test_a_service_that_is_gone_is_a_network_error(bench: Bench) -> None:
    with LoadService() as service:
        load = bench.load(service, plan(500))
        load.start()
        load.wait_ready(WITHIN_S)
    load.go(time.monotonic_ns())
    load.wait(WITHIN_S)
    rows = in_windows(read(bench.folder / "load" / "recording"))
    assert set(rows["outcome"]) == {"network"}
    assert set(rows["reason"]) <= {"refused", "reset", "closed"}


def test_a_refused_user_goes_on_with_its_credential(bench: Bench) -> None:
    with LoadService() as service:
        forget = lambda _: setattr(service.knobs, "forget_sessions", True)  # noqa: E731
        rows = in_windows(bench.run(service, plan(1000), meanwhile=forget))
    assert set(rows["outcome"]) == {"auth"}
    assert set(rows["reason"]) == {"unknown_session"}
    assert set(rows["credential"]) == {1}


def test_a_refused_user_logs_in_once_more_where_the_plan_says_so(bench: Bench) -> None:
    with LoadService() as service:
        forget = lambda _: setattr(service.knobs, "forget_sessions", True)  # noqa: E731
        rows = in_windows(bench.run(service, plan(1500, relogin="once"), meanwhile=forget))
    refused = rows.filter(pl.col("outcome") == "auth").group_by("user").len()
    assert refused["len"].to_list() == [1] * refused.height
    assert refused.height >= 8
    assert rows.filter(pl.col("op") == "login").height == refused.height
    assert set(rows.filter(pl.col("credential") == 2)["outcome"]) == {"ok"}


def test_a_log_in_that_fails_at_first_is_tried_again_and_recorded(bench: Bench) -> None:
    with LoadService(refuse_logins=3) as service:
        recording = bench.run(service, plan(400))
    logins = recording.samples.filter(pl.col("op") == "login")
    assert logins.height == 13
    assert logins["outcome"].to_list().count("server") == 3
    assert set(in_windows(recording)["outcome"]) == {"ok"}


def test_users_who_cannot_log_in_at_all_are_told_with_number_and_reason(bench: Bench) -> None:
    with LoadService(refuse_logins=10_000) as service:
        load = bench.load(service, plan(400, users=3))
        load.start()
        with pytest.raises(LabError, match=r"3 of 3 users could not log in to test .*server: full"):
            load.wait_ready(WITHIN_S)
        load.stop()


def test_progress_tells_what_has_been_recorded_so_far(bench: Bench) -> None:
    with LoadService() as service:
        load = bench.load(service, plan(3000))
        load.start()
        load.wait_ready(WITHIN_S)
        assert load.progress().requests == 0
        load.go(time.monotonic_ns())
        time.sleep(2.3)
        halfway = load.progress()
        load.wait(WITHIN_S)
    assert 50 < halfway.requests < load.progress().requests
    assert load.progress().failures == 0


def test_a_generator_that_dies_is_named_with_its_last_words(bench: Bench) -> None:
    with LoadService() as service:
        load = bench.load(service, plan(100, rate_rps=-1.0))
        load.start()
        with pytest.raises(LabError, match=r"load generator of test exited with status 64(?s:.*)it must be positive"):
            load.wait_ready(WITHIN_S)


def test_a_generator_that_is_stopped_leaves_an_interrupted_recording(bench: Bench) -> None:
    with LoadService() as service:
        load = bench.load(service, plan(20_000))
        load.start()
        load.wait_ready(WITHIN_S)
        load.go(time.monotonic_ns())
        time.sleep(0.6)
        begun = time.monotonic()
        load.stop()
        assert time.monotonic() - begun < 2.5
    recording = read(bench.folder / "load" / "recording")
    assert recording.status == "interrupted"
    rows = in_windows(recording)
    assert 20 < rows.height < 100
    assert recording.windows["closed_ns"].len() == 1
