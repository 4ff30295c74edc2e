"""The load against the real service behind the real proxy, all modes side by side as the lab runs them."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import polars as pl
import pytest
from load_runs import WITHIN_S, read
from tests.kinds import KINDS

from authlab.host.processes import Guardian
from authlab.load import LoadPlan, LoadProcess, Window
from authlab.stack.access_log import read_access_log
from authlab.stack.local import LocalStacks
from authlab.stack.local_stack import LocalStack
from authlab.stack.secrets import Secrets

StandUp = Callable[..., AbstractContextManager[LocalStacks]]

pytestmark = pytest.mark.stack

WORKERS = 3
USERS = 10  # twice as many as accounts: two log-ins of one account have a cart each
PLAN = LoadPlan(seed=1, users=USERS, windows=(Window(0, 300_000_000, 2_300_000_000, 60.0, 5),))


def load_of(stack: LocalStack, plan: LoadPlan, folder: Path, guardian: Guardian, secrets: Secrets) -> LoadProcess:
    return LoadProcess(
        guardian,
        stack.mode.name,
        url=stack.url,
        plan=plan,
        recording=folder / "recording",
        credentials=secrets.credentials,
        runtime=folder / "runtime",
        log=folder / "locust.log",
    )


@pytest.fixture(scope="module")
def recorded(
    stand_up: StandUp, secrets: Secrets, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[LocalStacks, dict[str, pl.DataFrame]]]:
    """The samples of each mode, loaded at the same time with the same plan, and the stacks that served them."""
    folder = tmp_path_factory.mktemp("loads")
    with stand_up(*KINDS, workers=WORKERS) as stacks, Guardian() as guardian:
        loads = {name: load_of(stack, PLAN, folder / name, guardian, secrets) for name, stack in stacks.stacks.items()}
        for load in loads.values():
            load.start()
        for load in loads.values():
            load.wait_ready(WITHIN_S)
        origin_ns = time.monotonic_ns()
        for load in loads.values():
            load.go(origin_ns)
        for load in loads.values():
            load.wait(WITHIN_S)
        yield stacks, {name: read(folder / name / "recording").samples for name in loads}


@pytest.mark.parametrize("mode", [name for name in KINDS if name != "memory"])
def test_users_browse_without_one_failure(mode: str, recorded: tuple[LocalStacks, dict[str, pl.DataFrame]]) -> None:
    samples = recorded[1][mode]
    assert set(samples["outcome"]) == {"ok"}, samples.filter(pl.col("outcome") != "ok")
    assert samples.filter(pl.col("op") == "add").height > 0


def test_memory_sessions_are_refused_wherever_the_login_was_not(
    recorded: tuple[LocalStacks, dict[str, pl.DataFrame]],
) -> None:
    rows = recorded[1]["memory"].filter(pl.col("window") == 0)
    assert set(rows["outcome"]) == {"ok", "auth"}
    assert set(rows.filter(pl.col("outcome") == "auth")["reason"]) == {"unknown_session"}
    home = rows.filter(pl.col("outcome") == "ok").group_by("user").agg(pl.col("worker").n_unique())
    assert set(home["worker"]) == {1}, "a session lives on one worker"
    assert (rows["outcome"] == "auth").mean() == pytest.approx(2 / 3, abs=0.15)


def test_a_sticky_user_has_one_worker_and_the_others_have_them_all(
    recorded: tuple[LocalStacks, dict[str, pl.DataFrame]],
) -> None:
    for mode, samples in recorded[1].items():
        rows = samples.filter(pl.col("window") == 0)
        homes = set(rows.group_by("user").agg(pl.col("worker").n_unique())["worker"])
        if mode == "ip-hash":
            assert rows["worker"].n_unique() == 1, "all users come from one address"
        elif mode not in ("hash", "consistent-hash"):  # few keys need not meet all workers
            assert rows["worker"].n_unique() == WORKERS, mode
        assert homes == {1} if mode in ("sticky", "ip-hash", "hash", "consistent-hash") else max(homes) > 1, mode


def test_a_cart_in_the_token_brings_a_new_credential_with_every_write(
    recorded: tuple[LocalStacks, dict[str, pl.DataFrame]],
) -> None:
    for mode, samples in recorded[1].items():
        rows = samples.filter(pl.col("window") == 0).sort("user", "sent_ns")
        if mode not in ("jwt", "jwt-cookie"):
            assert set(rows["credential"]) == {1}, mode
            continue
        for (user,), theirs in rows.group_by("user"):
            writes_before = (theirs["op"] == "add").cast(pl.Int64).cum_sum().shift(1, fill_value=0)
            assert theirs["credential"].to_list() == (writes_before + 1).to_list(), f"user {user}"


def test_every_mode_was_asked_for_the_same_things_at_the_same_time(
    recorded: tuple[LocalStacks, dict[str, pl.DataFrame]],
) -> None:
    asked = {
        mode: samples.filter(pl.col("window") == 0).select("user", "due_ns", "op", "item").sort("user", "due_ns")
        for mode, samples in recorded[1].items()
    }
    planned = pl.concat(asked.values()).unique().sort("user", "due_ns")
    assert planned.height > 80
    for mode, rows in asked.items():
        assert rows.equals(planned.join(rows, on=("user", "due_ns"), how="semi", maintain_order="left")), mode
        # When the slice ends, a user's last requests may still wait for the one before. Nothing else may be missing.
        missing = planned.join(rows, on=("user", "due_ns"), how="anti")
        reached = rows.group_by("user").agg(pl.col("due_ns").max().alias("reached_ns"))
        skipped = missing.join(reached, on="user").filter(pl.col("due_ns") < pl.col("reached_ns"))
        assert skipped.is_empty(), (mode, skipped)
        assert rows.height > planned.height / 2, (mode, missing)


def test_the_proxys_log_knows_each_request_by_its_id(recorded: tuple[LocalStacks, dict[str, pl.DataFrame]]) -> None:
    stacks, samples = recorded
    for mode, stack in stacks.stacks.items():
        logged = {line.request_id: line.status for line in read_access_log(stack.access_log)}
        for request_id, status in samples[mode].select("request_id", "status").iter_rows():
            assert logged[request_id] == status


def test_without_workers_it_is_the_proxy_that_fails(
    stand_up: StandUp, secrets: Secrets, guardian: Guardian, tmp_path: Path
) -> None:
    with stand_up("none", workers=1) as stacks:
        stack = stacks.stacks["none"]
        load = load_of(stack, PLAN, tmp_path, guardian, secrets)
        load.start()
        load.wait_ready(WITHIN_S)
        (worker,) = (part for part in stack.parts if part.name == "worker-1")
        worker.process.signal(signal.SIGKILL)
        worker.process.wait(WITHIN_S)
        load.go(time.monotonic_ns())
        load.wait(WITHIN_S)
    rows = read(tmp_path / "recording").samples.filter(pl.col("window") == 0)
    assert set(rows["outcome"]) == {"proxy"}
    assert set(rows["status"]) == {502}
    assert set(rows["worker"]) == {""}
