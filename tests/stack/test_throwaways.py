"""A new mode is its file, one entry and one page; a new fault is its file and one line. Nothing else knows of them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from throwaways import add_fault, add_mode

pytestmark = pytest.mark.stack

_ROOT = Path(__file__).resolve().parents[2]
_PARTS = ("src", "services", "loadtests", "compose", "docs", "tests")
_SMALL = ("--users", "6", "--rate", "60", "--workers", "2")
_WITHIN_S = 180


@dataclass(frozen=True)
class Checkout:
    """A copy of the checkout, and a user's folder that is not in it."""

    folder: Path
    mine: Path

    def python(self, *arguments: str, cwd: Path | None = None, status: int = 0) -> str:
        """What Python printed, with the copy for `authlab`; fails where it ended with another status."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=cwd or self.folder,
            env={**os.environ, "PYTHONPATH": str(self.folder / "src")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_WITHIN_S,
            check=False,
        )
        assert done.returncode == status, done.stdout
        return done.stdout

    def authlab(self, *arguments: str) -> str:
        """What the command, typed in the user's folder, printed."""
        return self.python("-m", "authlab", *arguments, cwd=self.mine)

    def tests(self, *arguments: str) -> str:
        """What pytest said of these tests, all of which must pass."""
        return self.python("-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments)

    def latest(self, name: str) -> Path:
        """A file of the latest run."""
        return (self.mine / "results" / "latest").resolve() / name

    def digests(self) -> dict[str, str]:
        """Every file, and the digest of its content."""
        files = [file for part in (*_PARTS, "README.md") for file in sorted((self.folder / part).rglob("*"))]
        files += [self.folder / "README.md"]
        kept = [file for file in files if file.is_file() and "__pycache__" not in file.parts]
        return {str(f.relative_to(self.folder)): hashlib.sha256(f.read_bytes()).hexdigest() for f in kept}

    def changed(self, before: dict[str, str]) -> set[str]:
        """The files that are new or another since then."""
        return {name for name, digest in self.digests().items() if before.get(name) != digest}


def _copy(folder: Path, mine: Path) -> Checkout:
    for part in _PARTS:
        ignored = shutil.ignore_patterns("__pycache__", "node_modules")
        shutil.copytree(_ROOT / part, folder / part, ignore=ignored)
    for file in ("README.md", "pyproject.toml", "Makefile", "CONTRIBUTING.md", "CHANGELOG.md"):
        shutil.copy(_ROOT / file, folder / file)
    (folder / "results").mkdir()
    (folder / "results" / "README.md").symlink_to(_ROOT / "results" / "README.md")
    (folder / "results" / "reference").symlink_to(_ROOT / "results" / "reference")
    return Checkout(folder, mine)


@pytest.fixture(scope="module")
def with_mode(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A copy with the mode `denied`, and what is made from declarations made anew."""
    copy = _copy(tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("mine"))
    before = copy.digests()
    add_mode(copy.folder)
    assert copy.changed(before) == {"services/states/denied.py", "src/authlab/model/modes.py", "docs/modes/denied.md"}
    copy.python("-m", "tests.generated", "--write")
    return copy


@pytest.fixture(scope="module")
def with_fault(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A copy with the fault `nudge-worker`."""
    copy = _copy(tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("mine"))
    before = copy.digests()
    add_fault(copy.folder)
    assert copy.changed(before) == {"src/authlab/faults/nudge_worker.py", "src/authlab/faults/catalogue.py"}
    return copy


_OF_ITS_CONTRACT = ("tests/contract/test_modes.py", "tests/contract/test_losses.py")
_OF_ITS_PROMISES = tuple(
    f"tests/unit/services/test_{name}.py"
    for name in ("requirements", "calls", "carts", "tokens", "settings", "token_attacks")
)
_OF_ITS_PLACES = ("tests/docs/test_pages.py", "tests/unit/stack/test_mode_file.py", "tests/unit/report/test_palette.py")
_OF_ITS_FAULTS = ("tests/stack/test_faults_fit.py",)


@pytest.fixture(scope="module")
def passed(with_mode: Checkout) -> set[str]:
    """The files in which tests of the new mode passed; none failed. One call, because collecting takes seconds."""
    whole = "test_mode_file or test_palette"
    chosen = f"{whole} or (denied and not (test_token_attacks and payload))"
    files = (*_OF_ITS_CONTRACT, *_OF_ITS_PROMISES, *_OF_ITS_PLACES, *_OF_ITS_FAULTS)
    said = with_mode.tests("-rA", *files, "-k", chosen)
    return {line.split()[1].partition("::")[0] for line in said.splitlines() if line.startswith("PASSED ")}


@pytest.mark.parametrize("files", [_OF_ITS_CONTRACT, _OF_ITS_PROMISES, _OF_ITS_FAULTS], ids=lambda files: files[0])
def test_a_new_mode_keeps_the_contract_and_what_it_declares_and_takes_every_fault_that_fits(
    files: tuple[str, ...], passed: set[str]
) -> None:
    assert set(files) <= passed


def test_a_new_mode_has_its_compose_file_and_its_place_in_the_docs(with_mode: Checkout, passed: set[str]) -> None:
    assert "AUTHLAB_STATE: denied" in (with_mode.folder / "compose" / "denied.yml").read_text()
    for page in ("README.md", "docs/README.md", "docs/extending.md"):
        assert "`denied`" in (with_mode.folder / page).read_text()
    assert set(_OF_ITS_PLACES) <= passed


def test_a_new_mode_is_listed_run_and_reported(with_mode: Checkout) -> None:
    assert "a token as in jwt, and in Redis a note" in with_mode.authlab("list")
    said = with_mode.authlab("run", "--mode", "denied", "--blocks", "4", "--slice", "0.3s", *_SMALL)
    assert "report.html" in said
    run = json.loads(with_mode.latest("run.json").read_text())
    assert run["status"] == "finished"
    (trial,) = [trial for trial in run["trials"] if trial["mode"] == "denied"]
    assert trial["summary"]["outcomes"].keys() == {"ok"}
    with_mode.latest("report.md").unlink()
    with_mode.authlab("report", "latest")
    assert "denied" in with_mode.latest("report.md").read_text()
    assert "#9457c4" in with_mode.latest("report.html").read_text(), "in the colour that it declares"


def test_a_new_mode_is_harmed_on_the_command_line(with_mode: Checkout) -> None:
    harm = ("--fault", "swap-key@1s", "--repeat", "1", "--for", "4s")
    with_mode.authlab("run", "--mode", "denied", *harm, *_SMALL)
    run = json.loads(with_mode.latest("run.json").read_text())
    (trial,) = [trial for trial in run["trials"] if trial["mode"] == "denied"]
    faults = json.loads(with_mode.latest(f"trials/{trial['id']}/faults.json").read_text())["faults"]
    assert [fault["kind"] for fault in faults] == ["swap-key"]
    assert "signed with key" in faults[0]["proof"]


def test_a_new_fault_is_listed_scheduled_done_and_proven(with_fault: Checkout) -> None:
    assert "nudge-worker" in with_fault.authlab("list")
    harm = ("--fault", "nudge-worker:worker-2@1s", "--repeat", "1", "--for", "4s")
    said = with_fault.authlab("run", "--mode", "sticky", *harm, *_SMALL)
    assert "at 1 s: worker-2 stands still for a moment" in said
    run = json.loads(with_fault.latest("run.json").read_text())
    (trial,) = [trial for trial in run["trials"] if trial["mode"] == "sticky"]
    (fault,) = json.loads(with_fault.latest(f"trials/{trial['id']}/faults.json").read_text())["faults"]
    assert (fault["kind"], fault["target"]) == ("nudge-worker", "worker-2")
    assert "was nudged, and answers" in fault["proof"]
    assert fault["end_ns"] is not None


def test_a_new_fault_takes_effect_in_every_kind_of_mode_that_it_fits(with_fault: Checkout) -> None:
    assert "passed" in with_fault.tests("tests/stack/test_faults_fit.py", "-k", "nudge-worker")
