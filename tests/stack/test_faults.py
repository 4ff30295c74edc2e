"""Every fault on real local processes: what it does is measured by us, not by its own proof, and it is undone."""

from __future__ import annotations

import json
import signal
import statistics
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import psutil
import pytest
from harming import WITHIN_S, Doing, doing, serves, until
from lab_process import Lab
from web_client import Browser

from authlab.faults.asking import token_parts, url_of
from authlab.model.errors import LabError, UsageProblem
from authlab.model.session_store import Persistence
from authlab.stack.local import LocalStacks
from authlab.stack.local_operations import OperableLocalStack
from authlab.stack.secrets import Secrets

StandUp = Callable[..., AbstractContextManager[LocalStacks]]

pytestmark = pytest.mark.stack


def pid_of(stack: OperableLocalStack, part: str) -> int:
    return next(known.process.pid for known in stack.parts if known.name == part)


def logged_in_at(stack: OperableLocalStack, secrets: Secrets, worker: str) -> Browser:
    """A client whose session lies in that worker."""
    for _ in range(50):
        client = Browser(stack.url)
        if client.log_in(secrets).worker == worker:
            return client
    raise AssertionError(f"no log-in came to {worker}")


def test_a_crashed_worker_is_gone_with_its_sessions_and_back_within_two_seconds(
    stand_up: StandUp, own: Secrets
) -> None:
    with stand_up("sticky", secrets=own) as stacks:
        stack = stacks.stacks["sticky"]
        hers, theirs = (logged_in_at(stack, own, worker) for worker in ("worker-2", "worker-1"))
        before = pid_of(stack, "worker-2")
        with doing(stack, own, "crash-worker:worker-2@0s") as harm:
            event = harm.over()
        assert not psutil.pid_exists(before)
        assert pid_of(stack, "worker-2") != before
        assert hers.get("/me").status == 401
        assert theirs.get("/me").status == 200
        # A bench says how long it takes; here only that its own figure is what we see, on a busy machine.
        assert event.end_ns is not None
        assert (event.end_ns - event.start_ns) / 1e9 < 15
        serves(stack)


def test_a_stopped_worker_answers_nothing_until_it_is_started_again(stand_up: StandUp, own: Secrets) -> None:
    with stand_up("jwt", secrets=own) as stacks:
        stack = stacks.stacks["jwt"]
        with doing(stack, own, "stop-worker:worker-1@0s+60s") as harm:
            assert "had ended" in harm.under_way().proof
            with pytest.raises(OSError, match="refused"):
                Browser(url_of(stack, "worker-1")).get("/healthz")
            assert {Browser(stack.url).get("/healthz").worker for _ in range(9)} == {"worker-2", "worker-3"}
        serves(stack)


def test_a_paused_worker_stands_still_and_forgets_nothing(stand_up: StandUp, own: Secrets) -> None:
    with stand_up("sticky", secrets=own) as stacks:
        stack = stacks.stacks["sticky"]
        client = logged_in_at(stack, own, "worker-3")
        pid = pid_of(stack, "worker-3")
        with doing(stack, own, "pause-worker:worker-3@0s+60s") as harm:
            harm.under_way()
            assert psutil.Process(pid).status() == psutil.STATUS_STOPPED
            answered = threading.Event()
            asking = threading.Thread(target=lambda: client.get("/me").status == 200 and answered.set(), daemon=True)
            asking.start()
            assert not answered.wait(0.5)
        assert answered.wait(10), "what was asked meanwhile is answered"
        assert client.get("/me").worker == "worker-3"
        serves(stack)


def test_a_rolling_restart_gives_every_worker_a_new_process(stand_up: StandUp, own: Secrets) -> None:
    with stand_up("jwt", secrets=own) as stacks:
        stack = stacks.stacks["jwt"]
        client = Browser(stack.url)
        client.log_in(own)
        before = {worker.name: pid_of(stack, worker.name) for worker in stack.workers}
        with doing(stack, own, "rolling-restart=0s@0s") as harm:
            lost = 0
            while not harm.schedule.is_over:
                lost += client.get("/me").status != 200
            harm.over()
        assert lost == 0, "no GET is lost"
        assert all(pid_of(stack, name) != pid for name, pid in before.items())
        serves(stack)


def test_a_drained_worker_keeps_its_clients_gets_no_new_ones_and_is_restarted(stand_up: StandUp, own: Secrets) -> None:
    with stand_up("sticky", secrets=own) as stacks:
        stack = stacks.stacks["sticky"]
        client = logged_in_at(stack, own, "worker-1")
        before = pid_of(stack, "worker-1")
        with doing(stack, own, "drain-worker:worker-1@0s+60s") as harm:
            harm.under_way()
            assert [client.get("/me").worker for _ in range(5)] == ["worker-1"] * 5
            assert "worker-1" not in {Browser(stack.url).get("/healthz").worker for _ in range(20)}
        assert pid_of(stack, "worker-1") != before
        assert client.get("/me").status == 401
        serves(stack)


def test_scaling_out_and_in_changes_who_is_behind_the_proxy(stand_up: StandUp, own: Secrets) -> None:
    with stand_up("jwt", workers=2, secrets=own) as stacks:
        stack = stacks.stacks["jwt"]
        with doing(stack, own, "scale-out=2@0s") as harm:
            harm.over()
        assert [worker.name for worker in stack.workers] == ["worker-1", "worker-2", "worker-3", "worker-4"]
        serves(stack)
        with doing(stack, own, "scale-in=3@0s") as harm:
            harm.over()
        assert {Browser(stack.url).get("/healthz").worker for _ in range(8)} == {"worker-1"}
        serves(stack)
        with doing(stack, own, "scale-in=1@0s") as harm:
            until(lambda: harm.schedule.is_over, "it is over")
            assert "one must stay" in harm.schedule.problems[0]


@pytest.mark.parametrize(
    ("fault", "persistence", "status"),
    [
        ("stop-redis", "none", 401),
        ("kill-redis", "none", 401),
        ("stop-redis", "everysec", 200),
        ("kill-redis", "everysec", 200),
        ("kill-redis", "always", 200),
    ],
)
def test_a_store_that_is_away_is_503_and_sessions_come_back_with_an_append_only_file_alone(
    stand_up: StandUp, own: Secrets, fault: str, persistence: Persistence, status: int
) -> None:
    with stand_up("redis", secrets=own, persistence=persistence) as stacks:
        stack = stacks.stacks["redis"]
        client = Browser(stack.url)
        client.log_in(own)
        time.sleep(1.2)  # appendfsync everysec: what a machine may lose, but no killed process does
        with doing(stack, own, f"{fault}@0s+60s") as harm:
            harm.under_way()
            since = time.monotonic()
            answer = client.get("/me")
            assert answer.status == 503
            assert answer.headers["retry-after"]
            assert time.monotonic() - since < 2
        until(lambda: client.get("/me").status != 503, "the store serves again")
        assert client.get("/me").status == status
        serves(stack)


def test_latency_holds_every_request_to_the_store_back_by_just_that_much(stand_up: StandUp, own: Secrets) -> None:
    with stand_up("redis", workers=1, secrets=own, linked=True) as stacks:
        stack = stacks.stacks["redis"]
        client = Browser(stack.url)
        client.log_in(own)
        without = _median_ms(client)
        with doing(stack, own, "redis-latency=40ms@0s+60s") as harm:
            harm.under_way()
            assert 38 <= _median_ms(client) - without <= 60  # a new connection each, but one round trip to the store
        assert _median_ms(client) < 30 + without
        serves(stack)


def _median_ms(client: Browser) -> float:
    took = []
    for _ in range(9):
        since = time.monotonic()
        assert client.get("/me").status == 200
        took.append((time.monotonic() - since) * 1e3)
    return statistics.median(took)


@pytest.mark.parametrize("fault", ["redis-stall", "redis-cut"])
def test_a_way_to_the_store_that_is_closed_is_503_and_never_a_log_out(
    stand_up: StandUp, own: Secrets, fault: str
) -> None:
    with stand_up("redis", secrets=own, linked=True) as stacks:
        stack = stacks.stacks["redis"]
        client = Browser(stack.url)
        client.log_in(own)
        with doing(stack, own, f"{fault}@0s+60s") as harm:
            harm.under_way()
            assert {client.get("/me").status for _ in range(6)} == {503}
        until(lambda: client.get("/me").status == 200, "the session is there again")
        serves(stack)


def test_flushing_the_store_logs_everybody_out(stand_up: StandUp, own: Secrets) -> None:
    with stand_up("redis", secrets=own) as stacks:
        stack = stacks.stacks["redis"]
        clients = [Browser(stack.url) for _ in range(3)]
        for number, client in enumerate(clients, 1):
            client.log_in(own, number)
        with doing(stack, own, "flush-store@0s") as harm:
            assert "3 keys" in harm.over().proof
        assert [client.get("/me").status for client in clients] == [401] * 3
        clients[0].log_in(own)
        assert clients[0].get("/me").status == 200


@pytest.mark.parametrize(
    ("fault", "status"),
    [("swap-key@0s", 401), ("compromise-key@0s", 401), ("swap-key-rolling=0s@0s", 401), ("overlap-key=0s@0s", 401)],
)
def test_a_key_that_is_gone_takes_its_tokens_with_it(stand_up: StandUp, own: Secrets, fault: str, status: int) -> None:
    with stand_up("jwt", workers=2, secrets=own) as stacks:
        stack = stacks.stacks["jwt"]
        old = json.loads((own.folder / "jwt.json").read_text())["active"]
        client = Browser(stack.url)
        client.log_in(own)
        with doing(stack, own, fault) as harm:
            harm.over()
        assert {client.get("/me").status for _ in range(4)} == {status}
        kids = {token_parts(worker.url, own, stack.mode)[0]["kid"] for worker in stack.workers}
        assert len(kids) == 1
        assert old not in kids
        client.log_in(own)
        assert {client.get("/me").status for _ in range(4)} == {200}
        serves(stack)


def test_while_keys_overlap_old_and_new_tokens_are_good_everywhere(stand_up: StandUp, own: Secrets) -> None:
    with stand_up("jwt", workers=2, secrets=own) as stacks:
        stack = stacks.stacks["jwt"]
        client = Browser(stack.url)
        client.log_in(own)
        with doing(stack, own, "overlap-key=4s@0s") as harm:
            refused_at = None
            while not harm.schedule.is_over:
                answer = client.get("/me")
                if answer.status == 401:
                    refused_at = time.monotonic_ns()
                    break
            event = harm.over()
        assert event.end_ns is not None
        assert refused_at is None or (refused_at - event.start_ns) / 1e9 > 4, "not before the old key was forgotten"


def test_a_clock_that_is_ahead_shows_in_its_tokens_and_is_set_right(stand_up: StandUp, own: Secrets) -> None:
    with stand_up("jwt", workers=2, secrets=own) as stacks:
        stack = stacks.stacks["jwt"]

        def off_s(worker: str) -> float:
            return float(token_parts(url_of(stack, worker), own, stack.mode)[1]["iat"]) - time.time()

        with doing(stack, own, "clock-skew=100s:worker-2@0s+60s") as harm:
            harm.under_way()
            assert off_s("worker-2") == pytest.approx(100, abs=1.5)
            assert off_s("worker-1") == pytest.approx(0, abs=1.5)
        assert off_s("worker-2") == pytest.approx(0, abs=1.5)
        serves(stack)


def test_faults_may_overlap_and_each_is_undone(stand_up: StandUp, own: Secrets) -> None:
    with stand_up("redis", secrets=own, linked=True) as stacks:
        stack = stacks.stacks["redis"]
        texts = ("redis-latency=5ms@0s+2s", "pause-worker:worker-1@0.5s+1s", "crash-worker:worker-2@0.7s")
        with doing(stack, own, *texts) as harm:
            harm.over()
            assert len(harm.schedule.events) == 3
            assert all(event.proven and event.end_ns for event in harm.schedule.events)
        serves(stack)


def test_a_worker_that_is_away_can_not_crash_and_comes_back_as_planned(stand_up: StandUp, own: Secrets) -> None:
    with stand_up("jwt", workers=2, secrets=own) as stacks:
        stack = stacks.stacks["jwt"]
        with doing(stack, own, "stop-worker:worker-1@0s+4s", "crash-worker:worker-1@2s") as harm:
            until(lambda: harm.schedule.is_over, "both are over")
        (refused,) = harm.schedule.problems
        assert refused.startswith("crash-worker could not be done: worker-1 of jwt ")
        assert refused.endswith(": it can't be crashed.")  # it is gone, or still on its way
        assert [(event.kind, event.proven) for event in harm.schedule.events] == [
            ("stop-worker", True),
            ("crash-worker", False),
        ]
        serves(stack)


def test_a_crashed_worker_that_a_fault_starts_again_is_not_started_twice(
    stand_up: StandUp, own: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("authlab.stack.local_operations.RESTART_AFTER_S", 3.0)
    with stand_up("jwt", workers=2, secrets=own) as stacks:
        stack = stacks.stacks["jwt"]
        stack.crash("worker-1")
        with doing(stack, own, "stop-worker:worker-1@0s+3s") as harm:
            until(lambda: harm.schedule.is_over, "it is over")
        assert harm.schedule.problems == [
            "stop-worker could not be done: worker-1 of jwt does not run: it can't be stopped."
        ]
        pid = pid_of(stack, "worker-1")
        _supervisors_are_done()
        assert pid_of(stack, "worker-1") == pid
        serves(stack)


def test_a_stopped_worker_that_another_has_brought_back_is_a_problem_of_the_fault_alone(
    stand_up: StandUp, own: Secrets
) -> None:
    with stand_up("jwt", workers=2, secrets=own) as stacks:
        stack = stacks.stacks["jwt"]
        with doing(stack, own, "stop-worker:worker-1@0s+4s") as harm:
            until(lambda: any(event.proven for event in harm.schedule.events), "it is stopped")
            stack.start_again("worker-1")
            until(lambda: harm.schedule.is_over, "it is over")
        assert harm.schedule.problems == [
            "stop-worker was not seen to end: worker-1 of jwt runs: it can't be started again."
        ]
        serves(stack)


@pytest.mark.parametrize("kill", [False, True])
def test_the_supervisor_leaves_a_worker_alone_that_is_ended_while_it_starts(
    stand_up: StandUp, own: Secrets, kill: bool
) -> None:
    with stand_up("jwt", workers=2, secrets=own) as stacks:
        stack = stacks.stacks["jwt"]
        before = stack.crash("worker-1").pid
        until(lambda: pid_of(stack, "worker-1") != before, "the supervisor has started it")
        gone = stack.stop("worker-1", kill=kill)
        assert gone.pid != before
        _supervisors_are_done()
        assert stack.troubles() == []
        assert pid_of(stack, "worker-1") == gone.pid, "it stays away"
        stack.start_again("worker-1")
        serves(stack)


def test_of_two_that_end_a_worker_at_once_one_is_refused(stand_up: StandUp, own: Secrets) -> None:
    with stand_up("jwt", workers=1, secrets=own) as stacks:
        stack = stacks.stacks["jwt"]
        ends: list[str] = []
        together = threading.Barrier(2)

        def end() -> None:
            together.wait(10)
            try:
                ends.append(f"pid {stack.stop('worker-1').pid}")
            except LabError as error:
                ends.append(str(error))

        threads = [threading.Thread(target=end) for _ in range(2)]
        for thread in threads:
            thread.start()
        pid = pid_of(stack, "worker-1")
        for thread in threads:
            thread.join(WITHIN_S)
        assert sorted(ends)[0] == f"pid {pid}"
        assert "it can't be stopped" in sorted(ends)[1]
        stack.start_again("worker-1")
        serves(stack)


def test_what_was_scaled_away_can_not_be_harmed_nor_brought_back(
    stand_up: StandUp, own: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("authlab.stack.local_operations.RESTART_AFTER_S", 1.0)
    died: list[str] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: died.append(repr(args.exc_value)))
    with stand_up("jwt", workers=3, secrets=own) as stacks:
        stack = stacks.stacks["jwt"]
        stack.drain("worker-2")
        stack.crash("worker-3")
        stack.scale(1)
        for harm in (
            stack.stop,
            stack.crash,
            stack.pause,
            stack.start_again,
            stack.drain,
            lambda worker: stack.stop(worker, kill=True),
            lambda worker: stack.wait_serving(worker, 1.0),
        ):
            for worker in ("worker-2", "worker-3"):
                with pytest.raises(LabError, match=f"{worker} is no longer a worker: it was scaled away"):
                    harm(worker)
        _supervisors_are_done()
        assert died == []
        serves(stack)
        stack.scale(3)
        serves(stack)


def _supervisors_are_done() -> None:
    until(lambda: not any("supervisor of" in thread.name for thread in threading.enumerate()), "supervisors are done")


def test_what_a_stack_has_not_is_said_before_anything_is_done(stand_up: StandUp, own: Secrets) -> None:
    with stand_up("redis", workers=1, secrets=own) as stacks, pytest.raises(UsageProblem, match="no link"):
        Doing(stacks.stacks["redis"], own, "redis-cut@0s+1s")
    with stand_up("jwt", workers=1, secrets=own) as stacks, pytest.raises(LabError, match="no store"):
        stacks.stacks["jwt"].stop("store")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_fault_run_leaves_nothing_running_paused_or_slowed(number: int, tmp_path: Path) -> None:
    faults = ("--fault", "pause-worker@0.5s+60s", "--fault", "redis-stall@0.5s+60s")
    words = ("--mode", "redis", *faults, "--users", "4", "--rate", "30", "--workers", "2", "--plain")
    with Lab("run", *words, cwd=tmp_path) as lab:
        lab.says("note: redis, at 0.5 s")

        def begun() -> int:
            files = list(lab.results.glob("runs/*/trials/*redis-r1/faults.json"))
            return sum(bool(fault["proof"]) for file in files for fault in json.loads(file.read_text())["faults"])

        until(lambda: begun() == 2, "both faults have taken effect")
        lab.signal(number)
        assert lab.ends() == (130 if number == signal.SIGINT else -signal.SIGKILL), lab.said
    assert "Traceback" not in lab.said
    with Lab("report", "latest", cwd=tmp_path) as report:
        assert report.ends() == 0, report.said


def test_a_run_that_is_interrupted_before_its_load_begins_is_interrupted_and_not_damaged(tmp_path: Path) -> None:
    words = ("redis-restart", "--users", "4", "--rate", "30", "--workers", "2", "--repeat", "1", "--plain")
    with Lab("run", *words, cwd=tmp_path) as lab:
        lab.says("timing reads of a session")
        lab.signal(signal.SIGINT)
        assert lab.ends() == 130, lab.said
        assert lab.run()["status"] == "interrupted"
    assert "Traceback" not in lab.said


def test_an_experiment_without_an_arm_of_the_chosen_modes_says_so_at_once(tmp_path: Path) -> None:
    with Lab("run", "key-rotation", "--mode", "sticky", "--plain", cwd=tmp_path) as lab:
        assert lab.ends() == 0, lab.said
        (result,) = lab.run()["experiments"]
        assert result["verdict"]["value"] == "inconclusive"
        assert "nothing is predicted" in result["verdict"]["summary"]
        assert lab.run()["trials"] == []
