"""What a mode in the foreground leaves behind: the logs of a part that died, and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from authlab.host.obituary import obituary
from authlab.lab.foreground import _kept_after_trouble
from authlab.model.errors import LabError, Unavailable


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files of this test alone."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A folder of logs within a private one."""
    folder = tmp_path / "private" / "logs"
    folder.mkdir(parents=True)
    return folder


def after(logs: Path, error: BaseException) -> str:
    """What the error says once the private folder is gone."""
    with pytest.raises(type(error)) as raised, _kept_after_trouble(logs):
        raise error
    shutil.rmtree(logs.parent)
    return str(raised.value)


@pytest.mark.parametrize("text", ["the licence has run out\n", ""])
def test_the_log_that_an_obituary_names_is_still_there(text: str, logs: Path, temporary: Path) -> None:
    log = logs / "worker-1.log"
    log.write_text(text)
    said = after(logs, LabError(obituary("worker-1 of redis", 3, log)))
    (kept,) = temporary.iterdir()
    assert said.endswith(f"Full log: {kept / 'worker-1.log'}")
    assert (kept / "worker-1.log").read_text() == text
    assert kept.stat().st_mode & 0o077 == 0, "others can't read them"


def test_every_log_that_several_deaths_name_is_kept(logs: Path, temporary: Path) -> None:
    for name in ("worker-1", "store"):
        (logs / f"{name}.log").write_text(f"{name} ends\n")
    said = after(logs, LabError("\n".join(obituary(name, -9, logs / f"{name}.log") for name in ("worker-1", "store"))))
    told = [Path(line.split("Full log: ")[1]) for line in said.splitlines() if "Full log: " in line]
    assert [path.read_text() for path in told] == ["worker-1 ends\n", "store ends\n"]


def test_logs_that_the_error_does_not_name_are_named_with_it(logs: Path, temporary: Path) -> None:
    (logs / "browser").mkdir()
    (logs / "browser" / "nginx-error.log").write_text("bind() failed\n")
    said = after(logs, Unavailable("the page did not answer"))
    (kept,) = temporary.iterdir()
    assert said == f"the page did not answer\n  Logs: {kept}"
    assert (kept / "browser" / "nginx-error.log").read_text() == "bind() failed\n"


@pytest.mark.parametrize("error", [Unavailable("port 8080 is in use"), KeyboardInterrupt()])
def test_nothing_is_kept_where_nothing_was_written_or_nothing_went_wrong(
    error: BaseException, logs: Path, temporary: Path
) -> None:
    (logs / "nginx-error.log").touch()
    after(logs, error)
    assert list(temporary.iterdir()) == []
