"""The scenarios beside browse, against the real service behind the real proxy, and what the history's checkers say."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import polars as pl
import pytest
from load_runs import WITHIN_S, locust, read

from authlab.checkers.no_lost_update import no_lost_update
from authlab.checkers.no_use_after_logout import no_use_after_logout
from authlab.host.content import content_root
from authlab.host.ports import free_port
from authlab.host.processes import Guardian
from authlab.load import LoadPlan, LoadProcess, Window, scenario_from_word
from authlab.stack.local import LocalStacks
from authlab.stack.secrets import Secrets

StandUp = Callable[..., AbstractContextManager[LocalStacks]]
Samples = dict[str, pl.DataFrame]

pytestmark = pytest.mark.stack

S = 1_000_000_000
USERS = 8


def load_all(stacks: LocalStacks, scenario: str, plan: LoadPlan, secrets: Secrets, folder: Path) -> Samples:
    """The samples of each mode, loaded at the same time with the same plan."""
    with Guardian() as guardian:
        loads = {
            name: LoadProcess(
                guardian,
                name,
                url=stack.url,
                plan=plan,
                recording=folder / name / "recording",
                credentials=secrets.credentials,
                runtime=folder / name / "runtime",
                log=folder / name / "locust.log",
                scenario=scenario_from_word(scenario),
            )
            for name, stack in stacks.stacks.items()
        }
        for load in loads.values():
            load.start()
        for load in loads.values():
            load.wait_ready(WITHIN_S)
        origin_ns = time.monotonic_ns()
        for load in loads.values():
            load.go(origin_ns)
        for load in loads.values():
            load.wait(WITHIN_S)
    return {name: read(folder / name / "recording").samples for name in loads}


@pytest.fixture(scope="module")
def filled(stand_up: StandUp, secrets: Secrets, tmp_path_factory: pytest.TempPathFactory) -> Samples:
    """Two users per log-in fill a cart, in each mode."""
    plan = LoadPlan(seed=1, users=USERS, windows=(Window(0, S // 2, 5 * S, 160.0, 5),))
    with stand_up("sticky", "redis", "jwt", "jwt-cookie", workers=2) as stacks:
        return load_all(stacks, "cart", plan, secrets, tmp_path_factory.mktemp("cart"))


def test_writers_share_their_log_in_and_send_side_by_side(filled: Samples) -> None:
    for mode, samples in filled.items():
        assert samples.filter(pl.col("op") == "login").height == USERS / 2, mode
        assert set(samples["user"]) == set(range(0, USERS, 2)), "the number of the log-in"
        assert set(samples["outcome"]) == {"ok"}, samples.filter(pl.col("outcome") != "ok")
        rows = samples.filter(pl.col("window") == 0).sort("user", "sent_ns")
        assert set(rows["op"]) == {"add", "cart"}
        overlapping = (pl.col("sent_ns") < pl.col("done_ns").shift(1)) & (pl.col("user") == pl.col("user").shift(1))
        assert rows.select(overlapping.sum()).item() > 5, mode


@pytest.mark.parametrize("mode", ["sticky", "redis"])
def test_no_write_is_lost_where_the_server_keeps_the_cart(mode: str, filled: Samples) -> None:
    checked = no_lost_update(filled[mode], ())
    assert checked.value == "passed", checked.summary
    assert checked.counts["written_twice"] == 0


@pytest.mark.parametrize("mode", ["jwt", "jwt-cookie"])
def test_writes_are_lost_where_the_cart_travels_in_a_token(mode: str, filled: Samples) -> None:
    checked = no_lost_update(filled[mode], ())
    assert checked.value == "violated", checked.summary
    assert checked.count > 0
    assert len(checked.violations[0].timeline) >= 2, "both writes are shown"


@pytest.fixture(scope="module")
def left(stand_up: StandUp, secrets: Secrets, tmp_path_factory: pytest.TempPathFactory) -> Samples:
    """Users who log out within the first four of eight seconds; their tokens live for six."""
    plan = LoadPlan(seed=1, users=USERS, windows=(Window(0, 0, 3 * S, 80.0, 5), Window(1, 3 * S, 8 * S, 80.0, 6)))
    settings = {"AUTHLAB_TOKEN_TTL_S": "6"}
    with stand_up("sticky", "redis", "jwt", "jwt-cookie", workers=2, settings=settings) as stacks:
        return load_all(stacks, "leave", plan, secrets, tmp_path_factory.mktemp("leave"))


def test_each_user_logs_out_once_and_goes_on_with_the_old_credential(left: Samples) -> None:
    for mode, samples in left.items():
        rows = samples.filter(pl.col("window") >= 0)
        leaving = rows.filter(pl.col("op") == "logout")
        assert sorted(leaving["user"]) == list(range(USERS)), mode
        assert set(leaving["outcome"]) == {"ok"}, "the CSRF token goes along where there is one"
        assert set(leaving["status"]) == {204}
        assert set(rows["op"]) == {"me", "logout"}
        assert set(rows["credential"]) == {1}, "cookies that were deleted are shown all the same"
        since = leaving.select("user", left_ns="done_ns")
        after = rows.join(since, on="user").filter(pl.col("sent_ns") > pl.col("left_ns"))
        assert after.height > 100
        assert "missing" not in set(after["reason"])
        assert samples.filter(pl.col("op") == "login").height == USERS, "nobody logs in again"


def test_the_moments_are_the_same_in_every_mode(left: Samples) -> None:
    moments = [
        samples.filter(pl.col("op") == "logout").sort("user").select(pl.col("due_ns")).to_series()
        for samples in left.values()
    ]
    assert all(other.equals(moments[0]) for other in moments)
    assert moments[0].n_unique() == USERS
    assert moments[0].max() - moments[0].min() < 4 * S


@pytest.mark.parametrize("mode", ["sticky", "redis"])
def test_a_log_out_counts_at_once_where_the_server_keeps_the_session(mode: str, left: Samples) -> None:
    checked = no_use_after_logout(left[mode], ())
    assert checked.value == "passed", checked.summary
    assert checked.staleness is not None
    assert checked.staleness.at_least_ms == 0


@pytest.mark.parametrize("mode", ["jwt", "jwt-cookie"])
def test_a_copied_token_works_until_it_expires(mode: str, left: Samples) -> None:
    samples = left[mode]
    checked = no_use_after_logout(samples, ())
    assert checked.value == "violated", checked.summary
    assert checked.staleness is not None
    assert checked.staleness.at_most_ms is not None, "it did expire"
    assert 500 < checked.staleness.at_least_ms <= checked.staleness.at_most_ms < 6500
    refused = samples.filter(pl.col("outcome") == "auth")
    assert set(refused["reason"]) == {"expired"}
    # whole seconds, and the time that a log-in took on a busy machine
    assert refused.filter(pl.col("sent_ns") < pl.col("expires_ns") - 2 * S).is_empty()


@pytest.mark.parametrize("scenario", ["cart", "leave"])
def test_they_work_with_plain_locust_too(scenario: str, stand_up: StandUp, secrets: Secrets, tmp_path: Path) -> None:
    with stand_up("jwt-cookie", workers=1) as stacks:
        more = ["--host", stacks.stacks["jwt-cookie"].url, "--credentials", str(secrets.credentials), "--headless"]
        more += ["-u", "6", "-r", "6", "-t", "27" if scenario == "leave" else "3", "--recording", "rec"]
        with locust(tmp_path, *more, scenario=f"{scenario}.py") as run:
            status = run.wait(60)
            assert status == 0, run.said
    recording = read(tmp_path / "rec")
    assert (recording.status, recording.metadata["scenario"]) == ("finished", scenario)
    assert set(recording.samples["outcome"]) == {"ok"}
    if scenario == "leave":
        leaving = recording.samples.filter(pl.col("op") == "logout")
        logins = recording.samples.filter(pl.col("op") == "login").select("user", began_ns="done_ns")
        after_s = leaving.join(logins, on="user").select((pl.col("due_ns") - pl.col("began_ns")) / S).to_series()
        assert leaving.height == 6
        assert 15 <= after_s.min() <= after_s.max() <= 25
    else:
        assert recording.metadata["parameters"]["sharers"] == 2
        assert set(recording.samples["user"]) == {0, 2, 4}


def test_writers_of_several_processes_share_log_ins_within_theirs(
    stand_up: StandUp, secrets: Secrets, tmp_path: Path
) -> None:
    port = free_port()
    port.release()
    with stand_up("redis", workers=1) as stacks:
        more = ["--host", stacks.stacks["redis"].url, "--credentials", str(secrets.credentials), "--headless"]
        more += ["-u", "8", "-r", "8", "-t", "4", "--recording", "rec", "--processes", "2", "--sharers", "3"]
        more += ["--master-bind-port", str(port.number), "--master-port", str(port.number)]
        with locust(tmp_path, *more, scenario="cart.py") as run:
            assert run.wait(60) == 0, run.said
    samples = read(tmp_path / "rec").samples
    assert set(samples["outcome"]) == {"ok"}
    assert set(samples["user"]) == {0, 6, 1, 7}, "of 0 2 4 | 6 and 1 3 5 | 7 the first"
    assert no_lost_update(samples, ()).value == "passed"


@pytest.mark.parametrize("scenario", ["cart", "leave"])
def test_their_help_has_all_options(scenario: str) -> None:
    program = content_root() / "loadtests" / f"{scenario}.py"
    done = subprocess.run([sys.executable, program, "--help"], capture_output=True, text=True, timeout=30, check=True)
    assert "--sharers" in done.stdout.split("authlab:", 1)[1]
