"""Stacks of real processes: up, each routing, what is measured, what is logged, and nothing secret in sight."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from web_client import Browser

from authlab.host.affinity import usable_cpus
from authlab.model.modes import MODES
from authlab.stack.local import LocalStacks
from authlab.stack.local_stack import LocalStack
from authlab.stack.nginx import ROUTING_COOKIE
from authlab.stack.probe import wait_until_ready
from authlab.stack.protocol import Stack
from authlab.stack.secrets import Secrets

IN_TURN = ("round-robin", "sticky-cookie")
StandUp = Callable[..., AbstractContextManager[LocalStacks]]

pytestmark = pytest.mark.stack
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture(scope="module")
def stacks(stand_up: StandUp) -> Iterator[LocalStacks]:
    """All modes, three workers each, pinned to one core."""
    with stand_up(*MODES, workers=3, cpus=usable_cpus()[:1]) as standing:
        yield standing


@pytest.fixture(params=list(MODES))
def stack(request: pytest.FixtureRequest, stacks: LocalStacks) -> LocalStack:
    """Each mode in turn."""
    return stacks.stacks[request.param]


def test_a_local_stack_is_a_stack(stack: LocalStack) -> None:
    as_protocol: Stack = stack
    assert as_protocol.mode.name in MODES


def test_every_worker_answers_under_its_own_name(stack: LocalStack) -> None:
    assert [worker.name for worker in stack.workers] == ["worker-1", "worker-2", "worker-3"]
    for worker in stack.workers:
        assert Browser(worker.url).get("/healthz").json == {"status": "ok", "worker": worker.name}


@pytest.mark.parametrize("mode", [name for name, mode in MODES.items() if mode.routing in IN_TURN])
def test_requests_without_a_cookie_reach_every_worker_in_turn(stacks: LocalStacks, mode: str) -> None:
    stack = stacks.stacks[mode]
    answered_by = Counter(Browser(stack.url).get("/healthz").worker for _ in range(12))
    assert answered_by == {"worker-1": 4, "worker-2": 4, "worker-3": 4}


@pytest.mark.parametrize("mode", ["redis", "jwt"])
def test_a_login_is_good_on_every_worker(stacks: LocalStacks, secrets: Secrets, mode: str) -> None:
    browser = Browser(stacks.stacks[mode].url)
    browser.log_in(secrets)
    answers = [browser.get("/me") for _ in range(6)]
    assert {answer.status for answer in answers} == {200}
    assert len({answer.worker for answer in answers}) == 3


def test_memory_without_stickiness_loses_two_of_three_requests(stacks: LocalStacks, secrets: Secrets) -> None:
    browser = Browser(stacks.stacks["memory"].url)
    browser.log_in(secrets)
    assert Counter(browser.get("/me").status for _ in range(12)) == {200: 4, 401: 8}


def test_a_sticky_client_stays_with_its_worker_on_every_path(stacks: LocalStacks, secrets: Secrets) -> None:
    browser = Browser(stacks.stacks["sticky"].url)
    home = browser.log_in(secrets).worker
    answers = [browser.get("/me") for _ in range(4)] + [browser.post("/cart/items", {"item": "i1"}) for _ in range(4)]
    assert [(answer.status, answer.worker) for answer in answers] == [(200, home)] * 8


def test_the_routing_cookie_is_for_all_paths_and_hidden_from_scripts(stacks: LocalStacks, secrets: Secrets) -> None:
    stack = stacks.stacks["sticky"]
    browser = Browser(stack.url)
    browser.log_in(secrets)
    cookie = browser.get("/some/deep/path").headers["set-cookie"].lower()
    assert cookie.startswith(f"authlab_route_{stack.instance}=")
    attributes = {attribute.strip() for attribute in cookie.split(";")[1:]}
    assert {"path=/", "httponly", "samesite=lax"} <= attributes
    assert "authlab_route" not in Browser(stacks.stacks["memory"].url).get("/healthz").headers.get("set-cookie", "")


def test_usage_names_every_part_and_cpu_time_only_grows(stacks: LocalStacks) -> None:
    stack = stacks.stacks["redis"]
    before = {usage.part: usage for usage in stack.usage()}
    assert set(before) == {"proxy", "worker-1", "worker-2", "worker-3", "store"}
    for _ in range(60):
        Browser(stack.url).get("/me")
    after = {usage.part: usage for usage in stack.usage()}
    for part in ("proxy", "worker-1", "worker-2", "worker-3"):
        assert after[part].cpu_ns > before[part].cpu_ns, part
    assert all(1_000_000 < usage.rss_bytes < 1_000_000_000 for usage in after.values())
    assert {usage.part for usage in stacks.stacks["jwt"].usage()} == {"proxy", "worker-1", "worker-2", "worker-3"}


def test_usage_is_cheap_enough_for_every_slice(stacks: LocalStacks) -> None:
    took = []
    for _ in range(5):
        begun = time.perf_counter()
        stacks.stacks["none"].usage()
        took.append(time.perf_counter() - begun)
    assert min(took) < 0.01, took  # 0.0003 s on an idle core


def test_the_programs_and_their_versions_are_told(stacks: LocalStacks) -> None:
    versions = stacks.versions()
    assert versions["nginx"][0].isdigit()
    assert versions["redis"].split()[0] in ("Redis", "Valkey")


def test_nothing_is_wrong_while_everything_runs(stacks: LocalStacks) -> None:
    assert stacks.troubles() == []


def test_nginx_says_nothing_at_its_start(stack: LocalStack) -> None:
    assert (stack.access_log.parent / "nginx-error.log").read_text() == ""


@linux
def test_every_thread_is_pinned_once_it_is_up(stacks: LocalStacks) -> None:
    core = set(usable_cpus()[:1])
    for stack in stacks.stacks.values():
        for part in stack.parts:
            for pid in part.pids:
                for thread in Path(f"/proc/{pid}/task").iterdir():
                    assert os.sched_getaffinity(int(thread.name)) == core, part.name


def secret_texts(secrets: Secrets) -> list[bytes]:
    """Every secret of the run: passwords, hashes, signing key."""
    found = [secrets.store_password]
    found += [user["password"] for user in json.loads(secrets.credentials.read_text())["users"]]
    found += [key["k"] for key in json.loads((secrets.folder / "jwt.json").read_text())["keys"]]
    found += json.loads((secrets.folder / "users.json").read_text()).values()
    return [text.encode() for text in found]


@linux
def test_no_secret_is_in_a_process_list_an_environment_or_a_log(stacks: LocalStacks, secrets: Secrets) -> None:
    places = []
    for stack in stacks.stacks.values():
        browser = Browser(stack.url)
        browser.log_in(secrets)
        browser.get("/me")
        browser.get("/me?token=" + browser.headers.get("Authorization", "x").split()[-1])
        for part in stack._all_parts():
            places += [Path(f"/proc/{pid}/{what}") for pid in part.pids for what in ("cmdline", "environ")]
        places += list(stack.access_log.parent.iterdir())
        # a routing key proves nothing, and is the request id of the request that it was given to
        credentials = [value for name, value in browser.cookies.items() if not name.startswith(ROUTING_COOKIE)]
        secret = [*secret_texts(secrets), *(value.encode() for value in credentials)]
        secret += [value.split()[-1].encode() for value in browser.headers.values()]
        for place in places:
            seen = place.read_bytes()
            assert not [text for text in secret if text in seen], place
    assert len(places) > 60


@linux
def test_what_a_stack_writes_is_for_its_owner_alone(stacks: LocalStacks) -> None:
    runtime = stacks._context.runtime
    assert runtime.stat().st_mode & 0o077 == 0
    assert (runtime / "store" / "redis.conf").stat().st_mode & 0o077 == 0


def test_a_crashed_worker_is_told_and_comes_back_to_its_place(stand_up: StandUp, secrets: Secrets) -> None:
    with stand_up("sticky", workers=3) as stacks:
        stack = stacks.stacks["sticky"]
        browser = Browser(stack.url)
        lost = browser.log_in(secrets).worker
        part = next(part for part in stack.parts if part.name == lost)
        used = part.usage().cpu_ns
        part.process.kill()
        (trouble,) = stacks.troubles()
        assert f"{lost} of sticky was killed by SIGKILL" in trouble

        # the session is gone with the worker; after a new log-in all paths are served by one and the same worker
        assert browser.get("/me").status == 401
        home = browser.log_in(secrets).worker
        assert home != lost
        for answer in (browser.get("/me"), browser.post("/cart/items", {"item": "i1"}), browser.get("/cart")):
            assert (answer.status, answer.worker) == (200, home)

        number = [worker.name for worker in stack.workers].index(lost)
        stack.start_worker(number)
        wait_until_ready([stack.probes()[number]], 30)
        assert lost in {Browser(stack.url).get("/healthz").worker for _ in range(6)}
        assert part.usage().cpu_ns > used
        assert stacks.troubles() == []


def test_a_child_that_gunicorn_replaces_is_told(stand_up: StandUp) -> None:
    with stand_up("none", workers=1) as stacks:
        stack = stacks.stacks["none"]
        part = next(part for part in stack.parts if part.name == "worker-1")
        before = part.usage().cpu_ns
        _, child = part.pids
        os.kill(child, 9)
        deadline = time.monotonic() + 20
        while not (troubles := stacks.troubles()) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert f"lost its process {child}" in troubles[0]
        wait_until_ready(stack.probes(), 30)
        assert part.usage().cpu_ns >= before


def test_two_calls_side_by_side_do_not_meet(stand_up: StandUp, secrets: Secrets) -> None:
    with stand_up("redis", workers=2) as ours, stand_up("redis", workers=2) as theirs:
        ports = [worker.url for stacks in (ours, theirs) for worker in [*stacks.stacks["redis"].workers]] + [
            ours.stacks["redis"].url,
            theirs.stacks["redis"].url,
        ]
        assert len(set(ports)) == 6
        browser = Browser(ours.stacks["redis"].url)
        browser.log_in(secrets)
        assert browser.get("/me").status == 200
        # Their cookies have another name: the port is a part of it. What is tested is that the session is not theirs.
        mine, other = (stacks.stacks["redis"].url.rpartition(":")[2] for stacks in (ours, theirs))
        renamed = {name.replace(mine, other): value for name, value in browser.cookies.items()}
        stranger = Browser(theirs.stacks["redis"].url, cookies=renamed)
        assert stranger.get("/me").json["reason"] == "unknown_session"


def test_down_is_quick_and_up_again_works(stand_up: StandUp) -> None:
    with stand_up("none", "redis", workers=2) as stacks:
        addresses = [stack.url for stack in stacks.stacks.values()]
        begun = time.perf_counter()
        stacks.down()
        took = time.perf_counter() - begun
        assert took < 3, took  # 0.6 s on an idle machine
        for address in addresses:
            with pytest.raises(ConnectionError):
                Browser(address).get("/healthz")
        assert stacks.troubles() == []
        stacks.down()
        stacks.up(60)
        assert Browser(stacks.stacks["redis"].url).get("/healthz").status == 200
        with pytest.raises(RuntimeError, match="up already"):
            stacks.up(60)
