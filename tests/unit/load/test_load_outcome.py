"""Each kind of answer, and each kind of silence, has its outcome."""

from __future__ import annotations

import pytest
from geventhttpclient.response import HTTPConnectionClosed, HTTPParseError

from authlab.model.samples import OUTCOMES, SAMPLE_COLUMNS
from lab_load.columns import OUTCOMES as WRITTEN_OUTCOMES
from lab_load.columns import SAMPLE_COLUMNS as WRITTEN_COLUMNS
from lab_load.outcome import of_error, of_status, plain, read_json


def test_the_recorder_writes_the_columns_and_words_that_the_lab_reads() -> None:
    assert WRITTEN_COLUMNS == SAMPLE_COLUMNS
    assert WRITTEN_OUTCOMES == OUTCOMES


@pytest.mark.parametrize(
    ("status", "worker", "reason", "expected"),
    [
        (401, "worker-1", "expired", ("auth", "expired")),
        (403, "worker-1", None, ("auth", "status_403")),
        (404, "worker-1", None, ("client", "status_404")),
        (409, "worker-1", "cart_full", ("client", "cart_full")),
        (503, "worker-1", "store_unavailable", ("server", "store_unavailable")),
        (500, "worker-1", None, ("server", "status_500")),
        (502, "", None, ("proxy", "status_502")),
        (503, "", None, ("proxy", "status_503")),
        (504, "", None, ("proxy", "status_504")),
        (204, "worker-1", None, ("wrong", "status_204")),
        (302, "worker-1", None, ("wrong", "status_302")),
    ],
)
def test_an_unexpected_status_is_blamed_on_whom_it_comes_from(
    status: int, worker: str, reason: str | None, expected: tuple[str, str]
) -> None:
    assert of_status(status, worker, {} if reason is None else {"reason": reason}) == expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (TimeoutError("timed out"), ("timeout", "no_answer")),
        (ConnectionRefusedError(111, "refused"), ("network", "refused")),
        (ConnectionResetError(104, "reset"), ("network", "reset")),
        (BrokenPipeError(32, "pipe"), ("network", "reset")),
        (HTTPConnectionClosed("closed"), ("network", "closed")),
        (HTTPParseError("cut"), ("network", "cut_or_not_http")),
        (OSError(101, "unreachable"), ("network", "OSError")),
    ],
)
def test_silence_has_its_kind_as_reason(error: BaseException, expected: tuple[str, str]) -> None:
    assert of_error(error) == expected


def test_what_a_service_says_cannot_break_a_line_of_the_recording() -> None:
    said = plain('a,"b"\nc\r\n' + "x" * 1000)
    assert not set(said) & set(',"\n\r')
    assert len(said) == 200


def test_a_body_that_is_no_json_object_reads_as_empty() -> None:
    assert read_json(b"<html>") == read_json(b"[1]") == read_json(b"") == read_json(None) == read_json(b"\xff") == {}
