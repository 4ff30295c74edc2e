"""Reading a recording back: fast, tolerant of a cut, clear about damage."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from authlab.model.errors import Damaged
from authlab.model.samples import SAMPLE_COLUMNS
from authlab.store.recording import read_recording

HEADER = ",".join(SAMPLE_COLUMNS) + "\n"
ROW = "0,3,add,1,10,0,20,21,22,23,200,worker-1,ok,,ab-1,i1,i1*2\n"
WINDOWS = "window,arrivals,unserved,cpu_ns,opened_ns,closed_ns\n0,10,1,500,1000,2000\n"
SECOND = 1_000_000_000


def recording(folder: Path, samples: str = HEADER + ROW, **changes: object) -> Path:
    body = {
        "schema": "authlab/recording/1",
        "id": "r",
        "status": "finished",
        "scenario": "browse",
        "host": "http://h",
        "clock": {"monotonic_ns": 5 * SECOND, "unix_ns": 1000 * SECOND},
    } | changes
    (folder / "recording.json").write_text(json.dumps(body))
    (folder / "samples-h-1.csv").write_text(samples)
    (folder / "windows-h-1.csv").write_text(WINDOWS)
    return folder


def test_columns_have_the_types_that_they_promise(tmp_path: Path) -> None:
    read = read_recording(recording(tmp_path))
    assert read.samples.columns == list(SAMPLE_COLUMNS)
    assert read.samples.row(0) == (
        0,
        3,
        "add",
        1,
        10,
        0,
        20,
        21,
        22,
        23,
        200,
        "worker-1",
        "ok",
        "",
        "ab-1",
        "i1",
        "i1*2",
    )
    assert read.samples.schema["sent_ns"] == pl.Int64
    assert read.windows.row(0) == (0, 10, 1, 500, 1000, 2000)
    assert (read.id, read.status) == ("r", "finished")


def test_a_last_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    assert read_recording(recording(tmp_path, HEADER + ROW + ROW[:30])).samples.height == 1


def test_a_recording_without_requests_is_empty_not_damaged(tmp_path: Path) -> None:
    assert read_recording(recording(tmp_path, HEADER)).samples.height == 0


def test_samples_of_all_processes_are_joined_in_the_order_of_sending(tmp_path: Path) -> None:
    recording(tmp_path)
    (tmp_path / "samples-h-2.csv").write_text(HEADER + ROW.replace(",22,", ",7,"))
    assert read_recording(tmp_path).samples["sent_ns"].to_list() == [7, 22]


def test_times_of_a_worker_on_another_machine_are_moved_to_the_leading_clock(tmp_path: Path) -> None:
    recording(tmp_path)
    (tmp_path / "samples-other-1.csv").write_text(HEADER + ROW)
    clock = {"monotonic_ns": 105 * SECOND, "unix_ns": 1000 * SECOND}  # booted 100 s earlier
    (tmp_path / "ready-other-1.json").write_text(json.dumps({"users": 1, "failures": [], "clock": clock}))
    samples = read_recording(tmp_path).samples
    assert sorted(samples["sent_ns"].to_list()) == [22 - 100 * SECOND, 22]
    assert samples["expires_ns"].to_list() == [0, 0]


@pytest.mark.parametrize(
    ("samples", "said"),
    [
        ("a,b,c\n1,2,3\n", "another program wrote it"),
        ("", "another program wrote it"),
        (HEADER + ROW + ROW[:20] + "\n" + ROW, "damaged"),
        (HEADER + "x" + ROW, "damaged"),
        (HEADER + ROW[:40] + ROW, "damaged"),
    ],
)
def test_damage_is_named_with_its_file(tmp_path: Path, samples: str, said: str) -> None:
    with pytest.raises(Damaged, match=said) as caught:
        read_recording(recording(tmp_path, samples))
    assert "samples-h-1.csv" in str(caught.value)


def test_a_folder_that_is_no_recording_is_named(tmp_path: Path) -> None:
    with pytest.raises(Damaged, match=r"no recording\.json"):
        read_recording(tmp_path)


def test_a_recording_of_another_schema_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(Damaged, match="authlab/recording/9"):
        read_recording(recording(tmp_path, schema="authlab/recording/9"))


def test_a_head_that_is_no_json_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "recording.json").write_text('{"schema": ')
    with pytest.raises(Damaged, match=r"recording\.json is damaged"):
        read_recording(tmp_path)


def test_a_recording_without_samples_is_refused(tmp_path: Path) -> None:
    recording(tmp_path)
    (tmp_path / "samples-h-1.csv").unlink()
    with pytest.raises(Damaged, match="no samples"):
        read_recording(tmp_path)


def test_a_million_samples_are_read_whole(tmp_path: Path) -> None:
    row = "0,3,me,1,1279476467086,3079476467086,{at},1281834156976,{at},1282067915374,200,worker-1,ok,,d7fb6208-274,,\n"
    recording(tmp_path, HEADER + "".join(row.format(at=1282067174571 + n * 1000) for n in range(1_000_000)))
    assert read_recording(tmp_path).samples.height == 1_000_000
