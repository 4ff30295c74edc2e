"""Output that nobody reads, or that can't be written, harms no work."""

from __future__ import annotations

import errno
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from authlab.cli.output import Outputs, _Lenient
from authlab.model.errors import EXIT_OK, EXIT_REFUTED, EXIT_UNAVAILABLE, EXIT_USAGE
from tests.unit.cli.calling import WITHIN_S

AUTHLAB = f"{shlex.quote(sys.executable)} -m authlab"
FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device here is always full")


def in_shell(line: str, folder: Path) -> tuple[int, str]:
    """Exit code of the first command of a pipeline, and everything that reached us."""
    done = subprocess.run(
        ["bash", "-c", f"{line}; exit ${{PIPESTATUS[0]}}"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("list | true", EXIT_OK),
        ("doctor 2>&1 | head -1", EXIT_OK),
        ("report nothing 2>&1 | true", EXIT_USAGE),
        ("list >&-", EXIT_OK),
        pytest.param("report nothing 2>/dev/full", EXIT_USAGE, marks=FULL),
    ],
)
def test_a_call_whose_output_nobody_reads_ends_as_any_other(line: str, code: int, tmp_path: Path) -> None:
    found, said = in_shell(f"{AUTHLAB} {line}", tmp_path)
    assert found == code, said
    assert "Traceback" not in said
    assert "bug" not in said
    assert "Exception ignored" not in said


@FULL
def test_output_that_a_full_disk_swallowed_is_reported_where_there_is_room(tmp_path: Path) -> None:
    code, said = in_shell(f"{AUTHLAB} list >/dev/full", tmp_path)
    assert code == EXIT_UNAVAILABLE
    assert said.startswith("authlab: standard output could not be written: No space left on device.")
    assert "Traceback" not in said


def test_after_the_first_failure_everything_goes_on_into_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    stream = _Lenient(writing, "standard output")
    assert stream.write(b"a line\n") == 7
    assert stream.lost is not None
    assert stream.lost.errno == errno.EPIPE
    assert os.write(writing, b"more\n") == 5, "children write to the same descriptor"
    os.close(writing)


@pytest.mark.parametrize(
    ("number", "code", "found"),
    [
        (None, EXIT_OK, EXIT_OK),
        (errno.EPIPE, EXIT_OK, EXIT_OK),
        (errno.EIO, EXIT_REFUTED, EXIT_REFUTED),
        (errno.ENOSPC, EXIT_OK, EXIT_UNAVAILABLE),
        (errno.ENOSPC, EXIT_REFUTED, EXIT_REFUTED),
    ],
)
def test_only_output_that_somebody_wants_changes_a_success(number: int | None, code: int, found: int) -> None:
    outputs = Outputs()
    with open(os.devnull, "wb") as file:  # noqa: PTH123
        stream = _Lenient(file.fileno(), "standard output")
        stream.lost = None if number is None else OSError(number, "gone")
        outputs.streams.append(stream)
        assert outputs.exit_code(code) == found
