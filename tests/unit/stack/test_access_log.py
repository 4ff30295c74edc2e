"""Reading what nginx wrote about each request."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from authlab.stack.access_log import Attempt, read_access_log

LINE = {
    "time": "2026-11-24T06:00:00+00:00",
    "msec": 1795500000.125,
    "request_id": "r1",
    "method": "GET",
    "uri": "/me",
    "status": "200",
    "bytes": 210,
    "request_time": 0.005,
    "upstream_addr": "127.0.0.1:8001",
    "upstream_status": "200",
    "upstream_connect_time": "0.001",
    "upstream_response_time": "0.004",
    "connection": 7,
    "connection_requests": 3,
}


def log(folder: Path, *lines: dict[str, object] | str) -> Path:
    path = folder / "nginx-access.log"
    path.write_text("".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines))
    return path


def test_a_line_is_read_with_its_attempt(tmp_path: Path) -> None:
    (line,) = read_access_log(log(tmp_path, LINE))
    assert (line.request_id, line.method, line.uri, line.status) == ("r1", "GET", "/me", 200)
    assert line.unix_s == 1795500000.125
    assert line.attempts == (Attempt("127.0.0.1:8001", 200, 0.001, 0.004),)


def test_every_attempt_of_a_request_is_kept_in_order(tmp_path: Path) -> None:
    retried = LINE | {
        "upstream_addr": "127.0.0.1:8001, 127.0.0.1:8002 : 127.0.0.1:8003",
        "upstream_status": "502, 504 : 200",
        "upstream_connect_time": "-, 0.000 : 0.001",
        "upstream_response_time": "0.000, 1.000 : 0.004",
    }
    (line,) = read_access_log(log(tmp_path, retried))
    assert [attempt.status for attempt in line.attempts] == [502, 504, 200]
    assert line.attempts[0] == Attempt("127.0.0.1:8001", 502, None, 0.0)


def test_a_request_that_reached_no_worker_has_no_attempt(tmp_path: Path) -> None:
    own = LINE | {f"upstream_{name}": "" for name in ("addr", "status", "connect_time", "response_time")}
    (line,) = read_access_log(log(tmp_path, own | {"status": "400"}))
    assert (line.status, line.attempts) == (400, ())


def test_a_status_that_nginx_writes_as_three_noughts_is_none(tmp_path: Path) -> None:
    (line,) = read_access_log(log(tmp_path, LINE | {"status": "000"}))
    assert line.status == 0


def test_a_line_that_is_still_being_written_is_left_out(tmp_path: Path) -> None:
    assert len(list(read_access_log(log(tmp_path, LINE, json.dumps(LINE)[:50])))) == 1


def test_a_foreign_line_is_refused_by_its_number(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="line 2 is not a line of this log"):
        list(read_access_log(log(tmp_path, LINE, "127.0.0.1 - - GET /\n")))
