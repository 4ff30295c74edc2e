"""What is said about a program that ended."""

from __future__ import annotations

from pathlib import Path

from authlab.host.obituary import how_it_ended, obituary, tail


def test_the_tail_is_the_last_lines_that_say_something(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("".join(f"line {n}\n\n" for n in range(100)))
    assert tail(log, lines=3) == ["line 97", "line 98", "line 99"]


def test_the_tail_of_a_huge_line_is_bounded(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("x" * 1_000_000)
    assert sum(map(len, tail(log))) < 10_000


def test_a_log_that_is_not_text_or_not_there_is_no_second_accident(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"\xff\xfe\n")
    assert len(tail(log)) == 1
    assert tail(tmp_path / "missing") == []


def test_signals_are_called_by_their_names() -> None:
    assert how_it_ended(-9) == "was killed by SIGKILL"
    assert how_it_ended(0) == "exited with status 0"


def test_silence_is_said_too(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.touch()
    assert obituary("the store", 1, log) == f"the store exited with status 1. It wrote nothing.\n  Full log: {log}"
