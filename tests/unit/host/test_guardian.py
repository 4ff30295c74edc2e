"""Programs that the guardian starts: what is told about them, and that none survives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from authlab.host.groups import group_members
from authlab.host.processes import Guardian, Process, minimal_environment, wait_all
from authlab.model.errors import LabError

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has subreapers and /proc")


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def eventually(condition: Callable[[], bool], within_s: float = 10.0) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return condition()


def written(path: Path) -> str:
    assert eventually(lambda: path.exists() and path.read_text().endswith("\n")), f"nothing was written to {path}"
    return path.read_text()


def python(guardian: Guardian, folder: Path, program: str, name: str = "program") -> Process:
    return guardian.spawn(name, [sys.executable, "-c", program], log=folder / f"{name}.log")


def test_a_program_ends_with_its_guardian(tmp_path: Path) -> None:
    with Guardian() as guardian:
        sleeper = guardian.spawn("sleeper", ["sleep", "60"], log=tmp_path / "sleeper.log")
        assert lives(sleeper.pid)
        assert sleeper.poll() is None
    assert not lives(sleeper.pid)
    assert sleeper.poll() == -signal.SIGKILL


def test_the_exit_status_is_told(guardian: Guardian, tmp_path: Path) -> None:
    assert python(guardian, tmp_path, "raise SystemExit(3)").wait(10) == 3


def test_a_program_that_is_stopped_in_time_ends_by_the_signal(guardian: Guardian, tmp_path: Path) -> None:
    sleeper = guardian.spawn("sleeper", ["sleep", "60"], log=tmp_path / "sleeper.log")
    assert sleeper.stop(within_s=10) == -signal.SIGTERM
    assert not sleeper.signal(signal.SIGTERM), "there is nobody left to signal"


def test_a_program_that_will_not_stop_is_killed_with_its_children(guardian: Guardian, tmp_path: Path) -> None:
    child = tmp_path / "child"
    stubborn = guardian.spawn(
        "stubborn", ["sh", "-c", f"trap '' TERM; sleep 60 & echo $! > {child}; wait; wait"], log=tmp_path / "log"
    )
    pid = int(written(child))
    assert stubborn.stop(within_s=0.2) == -signal.SIGKILL
    assert eventually(lambda: not lives(pid))


def test_the_obituary_names_status_last_lines_and_log(guardian: Guardian, tmp_path: Path) -> None:
    log = tmp_path / "worker-2.log"
    log.write_text("from an earlier life\n")
    worker = python(guardian, tmp_path, "print('no such table'); raise SystemExit(3)", "worker-2")
    worker.wait(10)
    said = worker.obituary()
    assert said.startswith("worker-2 exited with status 3.")
    assert "no such table" in said
    assert f"Full log: {log}" in said
    assert "earlier life" not in said


def test_a_program_that_does_not_exist_is_named(guardian: Guardian, tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"the proxy could not be started \(/no/such/nginx\): .*No such file"):
        guardian.spawn("the proxy", ["/no/such/nginx"], log=tmp_path / "log")
    assert python(guardian, tmp_path, "pass").wait(10) == 0, "the guardian goes on"


def test_a_log_that_cannot_be_written_is_named(guardian: Guardian, tmp_path: Path) -> None:
    with pytest.raises(LabError, match="No such file"):
        guardian.spawn("the proxy", ["true"], log=tmp_path / "missing" / "log")


@linux
def test_a_daemon_that_left_group_session_and_parent_is_ended_too(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    daemonize = (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        f"        open({str(pids)!r}, 'w').write(f'{{os.getpid()}}\\n')\n"
        "        time.sleep(60)\n"
        "    os._exit(0)\n"
        "os.wait()\n"
    )
    with Guardian() as guardian:
        assert python(guardian, tmp_path, daemonize).wait(10) == 0
        daemon = int(written(pids))
        assert lives(daemon)
    assert not lives(daemon)


def test_what_a_dead_program_leaves_in_its_group_is_ended_at_once(guardian: Guardian, tmp_path: Path) -> None:
    child = tmp_path / "child"
    master = guardian.spawn("master", ["sh", "-c", f"sleep 60 & echo $! > {child}; wait"], log=tmp_path / "log")
    pid = int(written(child))
    master.signal(signal.SIGKILL, group=False)
    assert master.wait(10) == -signal.SIGKILL
    assert eventually(lambda: not lives(pid)), "a child goes on without its master"


def test_a_killed_guardian_takes_its_programs_along(tmp_path: Path) -> None:
    child = tmp_path / "child"
    with Guardian() as guardian:
        master = guardian.spawn("master", ["sh", "-c", f"sleep 60 & echo $! > {child}; wait"], log=tmp_path / "log")
        pid = int(written(child))
        os.kill(guardian.pid, signal.SIGKILL)
        assert master.wait(10) == -signal.SIGKILL
        assert eventually(lambda: not lives(master.pid))
        assert eventually(lambda: not lives(pid))
        with pytest.raises(LabError, match="guardian process"):
            guardian.spawn("late", ["true"], log=tmp_path / "late.log")


def test_folders_are_removed_in_the_end_also_those_made_later(tmp_path: Path) -> None:
    told_at_start, told_later, other = tmp_path / "a", tmp_path / "b", tmp_path / "other"
    with Guardian([told_at_start]) as guardian:
        guardian.remove_at_end(told_later)
        for folder in (told_at_start, told_later, other):
            (folder / "deep").mkdir(parents=True)
            (folder / "deep" / "secret").write_text("x")
    assert not told_at_start.exists()
    assert not told_later.exists()
    assert (other / "deep" / "secret").exists()


def test_a_link_in_a_removed_folder_leaves_its_target_alone(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text("kept\n")
    with Guardian([tmp_path / "runtime"]):
        (tmp_path / "runtime").mkdir()
        (tmp_path / "runtime" / "access.log").symlink_to(log)
    assert log.read_text() == "kept\n"


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_the_guardian_is_deaf_to_what_ends_others(guardian: Guardian, tmp_path: Path, sig: signal.Signals) -> None:
    python(guardian, tmp_path, "pass").wait(10)
    os.kill(guardian.pid, sig)
    assert python(guardian, tmp_path, "pass").wait(10) == 0


@linux
def test_its_programs_are_not_deaf(guardian: Guardian, tmp_path: Path) -> None:
    sleeper = guardian.spawn("sleeper", ["sleep", "60"], log=tmp_path / "log")
    status = dict(line.split(":\t") for line in Path(f"/proc/{sleeper.pid}/status").read_text().splitlines())
    # What started the tests may itself ignore a real-time signal: only those that end programs matter.
    for name in ("SigIgn", "SigBlk"):
        deaf_to = {number for number in signal.Signals if int(status[name], 16) >> (number - 1) & 1}
        assert not deaf_to & {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT}, name


def test_a_program_sees_nothing_of_our_environment_but_the_bare_minimum(
    guardian: Guardian, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_TOKEN", "hunter2")
    guardian.spawn("env", ["env"], log=tmp_path / "env.log").wait(10)
    names = {line.partition("=")[0] for line in (tmp_path / "env.log").read_text().splitlines()}
    assert "API_TOKEN" not in names
    assert "PATH" in names
    assert names <= set(minimal_environment()) | {"LC_CTYPE"}


def test_a_given_environment_is_the_whole_one(guardian: Guardian, tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "AUTHLAB_WORKER": "worker-1"}
    guardian.spawn("env", ["env"], log=tmp_path / "env.log", env=env).wait(10)
    assert "AUTHLAB_WORKER=worker-1" in (tmp_path / "env.log").read_text().splitlines()


def test_a_program_starts_in_the_folder_that_is_asked_for(guardian: Guardian, tmp_path: Path) -> None:
    guardian.spawn("pwd", ["pwd", "-P"], log=tmp_path / "pwd.log", cwd=tmp_path).wait(10)
    assert (tmp_path / "pwd.log").read_text().strip() == str(tmp_path.resolve())


@linux
def test_a_program_is_pinned_from_its_start(guardian: Guardian, tmp_path: Path) -> None:
    core = min(os.sched_getaffinity(0))
    sleeper = guardian.spawn("sleeper", ["sleep", "60"], log=tmp_path / "log", cpus=[core])
    assert os.sched_getaffinity(sleeper.pid) == {core}


@linux
def test_no_channel_of_ours_is_open_in_a_program(guardian: Guardian, tmp_path: Path) -> None:
    # the listing itself opens one, closed by the time that it is printed
    program = "import os; print(*[fd for fd in os.listdir('/proc/self/fd') if os.path.exists('/proc/self/fd/' + fd)])"
    python(guardian, tmp_path, program).wait(10)
    assert sorted(written(tmp_path / "program.log").split()) == ["0", "1", "2"]


def test_many_threads_may_start_programs_at_once(guardian: Guardian, tmp_path: Path) -> None:
    started: list[Process] = []

    def start(number: int) -> None:
        started.append(python(guardian, tmp_path, f"raise SystemExit({number})", f"program-{number}"))

    threads = [threading.Thread(target=start, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wait_all(started, 30) == []
    assert {process.name: process.poll() for process in started} == {f"program-{n}": n for n in range(12)}


def test_a_program_leads_a_group_of_its_own(guardian: Guardian, tmp_path: Path) -> None:
    sleeper = guardian.spawn("sleeper", ["sleep", "60"], log=tmp_path / "log")
    assert os.getpgid(sleeper.pid) == os.getsid(sleeper.pid) == sleeper.pid
    assert group_members([sleeper.pid]) == {sleeper.pid: [sleeper.pid]}


def test_closing_twice_is_harmless() -> None:
    guardian = Guardian()
    guardian.__enter__()
    guardian.close()
    guardian.close()


def test_the_guardian_runs_without_the_rest_of_authlab() -> None:
    program = Path(sys.modules[Guardian.__module__].__file__ or "").with_name("guardian.py")
    loaded = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import runpy, sys; runpy.run_path({str(program)!r}); print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout.split()
    assert not [name for name in loaded if name.startswith(("authlab", "psutil", "site"))]
