"""Users whose credential is refused, and what they do about it: the plan says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from load_bench import Bench, in_windows, plan
from load_runs import credentials, locust, read
from load_service import LoadService

from authlab.host.processes import Guardian

pytestmark = pytest.mark.stack


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with Guardian() as guardian:
        yield Bench(tmp_path, guardian)


def test_a_user_logs_in_again_after_each_refusal(bench: Bench) -> None:
    def forget(_: int) -> None:
        service.knobs.forget_every = 12

    with LoadService() as service:
        recording = bench.run(service, plan(1500, relogin="always"), meanwhile=forget)
    rows = in_windows(recording).sort("user", "sent_ns")
    refused = rows.filter(pl.col("outcome") == "auth")
    assert refused.height >= 20
    assert refused.group_by("user").len()["len"].max() > 1, "more often than once"
    follows = rows.with_columns(next_op=pl.col("op").shift(-1).over("user"), next_user=pl.col("user").shift(-1))
    after = follows.filter((pl.col("outcome") == "auth") & (pl.col("user") == pl.col("next_user")))
    assert set(after["next_op"]) == {"login"}, "at once"
    assert set(rows.filter(pl.col("op") == "login")["outcome"]) == {"ok"}
    assert recording.windows["unserved"].sum() <= 2, "of arrivals at the very end"


def test_where_a_log_in_fails_the_arrivals_drive_the_retries_and_none_is_unserved(bench: Bench) -> None:
    def lose_all(_: int) -> None:
        service.knobs.refuse_logins = 40
        service.knobs.forget_sessions = True

    with LoadService() as service:
        recording = bench.run(service, plan(1500, users=5, relogin="always"), meanwhile=lose_all)
    rows = in_windows(recording)
    logins, others = rows.filter(pl.col("op") == "login"), rows.filter(pl.col("op") != "login")
    assert logins["outcome"].to_list().count("server") == 40
    refused = others.filter(pl.col("outcome") == "auth").height
    assert refused == 5, "a user who is not logged in asks for nothing that needs it"
    asked, unserved = recording.windows["arrivals"].sum(), recording.windows["unserved"].sum()
    assert rows.height == asked - unserved + refused, "each arrival was sent, as planned or as a log-in"
    assert unserved <= 2
    retries = logins.filter(pl.col("due_ns") != pl.col("ready_ns"))
    assert retries.height >= 40, "at the moments that the schedule drew"
    assert set(rows.sort("sent_ns").group_by("user").last()["outcome"]) == {"ok"}, "in the end everybody is back"


def test_a_log_in_that_times_out_is_recorded_and_its_connection_closed(bench: Bench) -> None:
    def make_slow(_: int) -> None:
        service.knobs.slow_login_s = 1.0
        service.knobs.forget_sessions = True

    with LoadService() as service:
        rows = in_windows(bench.run(service, plan(1200, timeout_s=0.3, relogin="always"), meanwhile=make_slow))
    logins = rows.filter(pl.col("op") == "login")
    assert logins.height >= 10
    assert set(logins["outcome"]) == {"timeout"}
    took_ms = (logins["done_ns"] - logins["sent_ns"]) / 1e6
    assert 290 < took_ms.min() < took_ms.max() < 600
    assert service.hung_up
    assert all(service.hung_up), "whoever gives up hangs up, and what the server still does is wasted"


@pytest.mark.parametrize("persistent", [True, False])
def test_users_who_were_never_let_in_go_on_trying_only_if_they_are_to(tmp_path: Path, persistent: bool) -> None:
    more = ["--headless", "-u", "3", "-r", "3", "-t", "6", "--rate", "30", "--recording", "rec"]
    more += ["--relogin", "always" if persistent else "once"]
    with LoadService(refuse_logins=10_000) as service:
        names = str(credentials(tmp_path))
        with locust(tmp_path, "--host", service.url, "--credentials", names, *more) as run:
            run.wait()
    rows = read(tmp_path / "rec").samples
    assert set(rows["op"]) == {"login"}
    assert (rows.height > 30) == persistent


def test_users_come_from_networks_of_their_own_where_the_plan_says_so(bench: Bench) -> None:
    with LoadService() as service:
        bench.run(service, plan(500, addresses=True), "with")
        given = {headers.get("x-forwarded-for") for _, _, headers in service.seen}
        service.seen.clear()
        bench.run(service, plan(500), "without")
        assert not any("x-forwarded-for" in headers for _, _, headers in service.seen)
    assert len({str(address).rpartition(".")[0] for address in given}) == 10
