"""What the load writes: whole lines, and files that the lab reads back."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from authlab.load import LoadPlan, RecordingTail, Window
from authlab.model.mode import CREDENTIALS, Credential
from authlab.model.samples import SAMPLE_COLUMNS
from authlab.store.recording import read_recording
from lab_load.credential import WAYS
from lab_load.crew import Crew, dispatch_order
from lab_load.operations import Script
from lab_load.plan import read_plan
from lab_load.recorder import Recorder
from lab_load.recording import Head, settle_folder


def record(recorder: Recorder, window: int = 0, op: str = "me", outcome: str = "ok") -> None:
    recorder.record(window, 3, op, (1, 10, 0), 20, 21, 22, 23, 200, "worker-1", outcome, "", "ab-1", "", "i1*2")


def test_lines_stay_in_memory_until_they_are_flushed_and_are_then_whole(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "samples-h-1.csv")
    record(recorder)
    assert recorder.path.read_text() == ",".join(SAMPLE_COLUMNS) + "\n"
    recorder.flush()
    line = recorder.path.read_text().splitlines()[1]
    assert line == "0,3,me,1,10,0,20,21,22,23,200,worker-1,ok,,ab-1,,i1*2"
    recorder.close()
    recorder.close()


def test_a_full_disk_leaves_only_whole_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder(tmp_path / "samples-h-1.csv")
    for _ in range(3):
        record(recorder)
    real_write = os.write
    calls = []

    def full(fd: int, data: bytes) -> int:
        calls.append(len(data))
        if len(calls) == 1:
            return real_write(fd, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space left"):
        recorder.flush()
    text = recorder.path.read_text()
    assert text.endswith("\n")
    assert len(text.splitlines()) == 2


def test_the_live_figures_are_read_from_what_was_added(tmp_path: Path) -> None:
    tail = RecordingTail(tmp_path)
    assert tail.counts().requests == 0
    recorder = Recorder(tmp_path / "samples-h-1.csv")
    record(recorder, window=-1, op="login")
    record(recorder)
    record(recorder, outcome="auth")
    recorder.flush()
    assert tail.counts().outcomes == {"ok": 1, "auth": 1}
    with recorder.path.open("a") as file:
        file.write("0,3,me,1,10,0,20,21,22,23,200,worker-1,server")
    assert tail.counts().requests == 2
    with recorder.path.open("a") as file:
        file.write(",,ab-1,,\n")
    counts = tail.counts()
    assert (counts.requests, counts.failures, counts.auth_failures) == (3, 2, 1)


def test_a_plan_of_the_lab_is_read_as_it_was_meant(tmp_path: Path) -> None:
    windows = (Window(0, 0, 10, 300.0, 5), Window(1, 10, 30, 200.0, 6))
    plan = LoadPlan(seed=4, users=50, windows=windows, timeout_s=2.0, relogin="once")
    (tmp_path / "plan.json").write_text(plan.to_json(tmp_path / "go.json"))
    read, problems = read_plan(tmp_path / "plan.json", [Script("browse")])
    assert problems == []
    assert read is not None
    assert [(w.index, w.start_ns, w.end_ns, w.rate_rps, w.seed) for w in read.windows] == [
        (0, 0, 10, 300.0, 5),
        (1, 10, 30, 200.0, 6),
    ]
    assert (read.seed, read.users, read.timeout_s, read.relogin) == (4, 50, 2.0, "once")
    assert read.mix is None, "the scenario's own mix counts"
    assert read.addresses is False
    assert read.go == tmp_path / "go.json"


def test_a_plan_may_have_users_log_in_again_for_ever_from_addresses_of_their_own(tmp_path: Path) -> None:
    plan = LoadPlan(1, 1, (Window(0, 0, 5, 1.0, 1),), relogin="always", addresses=True)
    (tmp_path / "plan.json").write_text(plan.to_json(tmp_path / "go.json"))
    read, problems = read_plan(tmp_path / "plan.json", [Script("browse")])
    assert problems == []
    assert read is not None
    assert (read.relogin, read.addresses) == ("always", True)


@pytest.mark.parametrize("credential", CREDENTIALS)
def test_a_plan_says_how_the_credential_travels(tmp_path: Path, credential: Credential) -> None:
    plan = LoadPlan(1, 1, (Window(0, 0, 5, 1.0, 1),), credential=credential)
    (tmp_path / "plan.json").write_text(plan.to_json(tmp_path / "go.json"))
    read, _ = read_plan(tmp_path / "plan.json", [Script("browse")])
    assert read is not None
    assert read.credential == credential
    assert credential in WAYS


def test_a_plan_of_before_there_were_addresses_is_read(tmp_path: Path) -> None:
    body = json.loads(LoadPlan(1, 1, (Window(0, 0, 5, 1.0, 1),)).to_json(tmp_path / "go"))
    del body["addresses"]
    del body["credential"]
    (tmp_path / "plan.json").write_text(json.dumps(body))
    read, _ = read_plan(tmp_path / "plan.json", [Script("browse")])
    assert read is not None
    assert read.addresses is False
    assert read.credential == "answer"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema": "authlab/plan/9"}, "authlab/plan/9"),
        ({"windows": []}, "no windows"),
        ({"users": 0}, "at least 1"),
        ({"mix": {"me": 1, "fly": 1}}, "fly"),
        ({"mix": {"me": 0}}, "at least one above 0"),
        ({"windows": [{"index": 0, "start_ns": 5, "end_ns": 5, "rate_rps": 1, "seed": 1}]}, "is empty"),
        ({"windows": [{"index": 0, "start_ns": 0, "end_ns": 5, "rate_rps": -1, "seed": 1}]}, "it must be positive"),
        ({"windows": [{"index": 0}]}, "start_ns"),
        ({"go": None}, "TypeError"),
    ],
)
def test_a_bad_plan_is_refused_and_the_reason_named(tmp_path: Path, change: dict[str, object], said: str) -> None:
    body = json.loads(LoadPlan(1, 1, (Window(0, 0, 5, 1.0, 1),)).to_json(tmp_path / "go")) | change
    (tmp_path / "plan.json").write_text(json.dumps(body))
    plan, problems = read_plan(tmp_path / "plan.json", [Script("browse")])
    assert plan is None
    assert said in " ".join(problems)


def test_users_of_several_workers_have_the_numbers_that_one_process_would_give() -> None:
    order = dispatch_order(["hostB_2", "hostA_9", "hostA_1"])
    assert order == ["hostA_1", "hostB_2", "hostA_9"]
    crews = [Crew(order, worker) for worker in order]
    numbers = [crews[user % 3].enrol() for user in range(50)]
    assert numbers == list(range(50))


def test_a_worker_that_joins_late_numbers_its_users_apart() -> None:
    late = Crew(["a_1"], "a_2", late_index=1)
    assert late.enrol() >= 1_000_000


def test_a_folder_that_holds_a_recording_is_not_written_into_again(tmp_path: Path) -> None:
    first = settle_folder(str(tmp_path / "mine"), "browse")
    Head(first, {"scenario": "browse", "host": "http://h"})
    assert settle_folder(str(tmp_path / "mine"), "browse") == tmp_path / "mine-2"


def test_the_head_tells_how_the_recording_ended_and_who_took_part(tmp_path: Path) -> None:
    head = Head(tmp_path, {"scenario": "browse", "host": "http://h"})
    recorder = Recorder(tmp_path / "samples-h-1.csv")
    record(recorder)
    recorder.close()
    assert read_recording(tmp_path).status == "running"
    head.finish("interrupted")
    recording = read_recording(tmp_path)
    assert recording.status == "interrupted"
    assert recording.metadata["processes"] == ["h-1"]
    assert set(recording.metadata["versions"]) == {"python", "locust", "gevent", "geventhttpclient"}
