"""Every command that the docs show is run, as tests/docs/commands.py says how."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from commands import ROOT, TABLE, Begin, Block, Elsewhere, Never, Planned, Recipe, Run, Way, blocks, way_of
from terminal import Terminal
from tests.browser.conftest import missing

from authlab.cli.main import cli
from authlab.experiments.browser import BROWSER_EXPERIMENTS
from authlab.experiments.experiment import Experiment
from authlab.experiments.judging import planned
from authlab.experiments.options import Options
from authlab.lab.browsing.driving import check_browser_lab
from authlab.lab.machine import machine_facts
from authlab.model.errors import LabError

BLOCKS = list(blocks())
COMMANDS = list(dict.fromkeys(line for block in BLOCKS for line in block.lines))
_UNNAMED = re.compile(r"\S*…\S*")
"""What the reader fills in: `results/runs/…-browse`."""


class _PlannedOnlyError(Exception):
    """It would begin now."""


def _is_started(way: Way | None) -> bool:
    return isinstance(way, Run | Begin)


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_has_a_row_that_says_how_it_is_run(line: str) -> None:
    assert way_of(line) is not None, "add it to the table in tests/docs/commands.py"


def test_no_row_is_left_of_a_command_that_nobody_shows_any_more() -> None:
    first = [next((p for p, _ in TABLE if re.fullmatch(p, line)), None) for line in COMMANDS]
    assert [pattern for pattern, _ in TABLE if pattern not in first] == []


@pytest.mark.parametrize("line", [line for line in COMMANDS if isinstance(way_of(line), Elsewhere | Never | Recipe)])
def test_a_command_that_is_not_started_here_is_looked_after(line: str, tmp_path: Path) -> None:
    match way_of(line):
        case Elsewhere(file, words):
            assert words in (ROOT / file).read_text(encoding="utf-8"), f"{file} runs it no more"
            assert all((ROOT / named).is_file() for named in re.findall(r"compose/[\w-]+\.yml", line))
        case Recipe(does):
            plan = subprocess.run(
                ["make", "--dry-run", "--always-make", *shlex.split(line)[1:]],
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=30,
                check=True,
            )
            assert does in plan.stdout
            assert plan.stdout.index("-m venv .venv") < plan.stdout.index(does), "it sets itself up"
        case Never(why):
            assert why


@pytest.mark.parametrize("line", [line for line in COMMANDS if isinstance(way_of(line), Planned)])
def test_a_run_that_is_only_planned_here_would_begin_with_plans_and_predictions(
    line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def begin(experiments: Sequence[Experiment], options: Options, **_: object) -> None:
        for experiment in experiments:
            plans = experiment.plan(options, machine_facts())
            assert planned(experiment, plans).predictions or options.faults, "a fault of one's own may break nothing"
            assert plans or experiment.bench == "browser"
        raise _PlannedOnlyError

    monkeypatch.setattr("authlab.lab.run.run_experiments", begin)
    with pytest.raises(_PlannedOnlyError):
        cli.main(shlex.split(line)[1:], standalone_mode=False)


class Reader(Terminal):
    """Whoever reads the docs, in a folder with the checkout's files and results of their own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, Path(sys.executable).parent)
        for name in ("loadtests", "services", "compose"):
            (folder / name).symlink_to(ROOT / name)
        (folder / "results").mkdir()
        (folder / "results" / "reference").symlink_to(ROOT / "results" / "reference")

    def named(self, line: str) -> str:
        """The line with what the reader fills in filled in: the newest of what is there."""

        def newest(found: re.Match[str]) -> str:
            paths = sorted(self.folder.glob(found[0].replace("…", "*")))
            assert paths, f"nothing is there for {found[0]}"
            return str(paths[-1].relative_to(self.folder))

        return _UNNAMED.sub(newest, line)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """One folder for all blocks, in the order of the pages: results of one are there for the next."""
    return Reader(tmp_path_factory.mktemp("reader"))


@pytest.fixture(scope="module")
def done() -> set[str]:
    """Commands that were run already."""
    return set()


@pytest.fixture
def standing(request: pytest.FixtureRequest, reader: Reader) -> Iterator[str]:
    """The port of a mode that stands while the block runs, and credentials.json, if it aims at one; else nothing."""
    block: Block = request.getfixturevalue("block")
    if not any("127.0.0.1:8080" in line for line in block.lines if _is_started(way_of(line))):
        yield ""
        return
    mode = re.search(r"--mode (\S+)", "\n".join(block.lines))
    begun = reader.begin(f"authlab up {mode[1] if mode else 'sticky'} --workers 2 --users 5", "--credentials ")
    try:
        found = re.search(r"--host http://127\.0\.0\.1:(\d+) .*--credentials (\S+)", begun.said)
        assert found
        shutil.copy(found[2], reader.folder / "credentials.json")
        yield found[1]
    finally:
        begun.end(0)


def _needs_browser_lab(line: str) -> bool:
    words = line.split()
    return words[:1] == ["authlab"] and not {"browser", "--browser", *BROWSER_EXPERIMENTS}.isdisjoint(words)


@pytest.mark.stack
@pytest.mark.parametrize("block", [b for b in BLOCKS if any(_is_started(way_of(line)) for line in b.lines)], ids=str)
def test_the_commands_of_a_block_work_one_after_the_other(
    block: Block, reader: Reader, standing: str, done: set[str]
) -> None:
    if any(map(_needs_browser_lab, block.lines)):
        try:
            check_browser_lab()
        except LabError as reason:
            missing(reason)
    for line in block.lines:
        way = way_of(line)
        if line in done or not isinstance(way, Run | Begin):
            continue
        whole = f"{reader.named(line)} {way.more}".replace("127.0.0.1:8080", f"127.0.0.1:{standing}")
        if isinstance(way, Run):
            if way.first:
                reader.run(way.first)
            reader.run(whole)
        else:
            reader.begin(whole, way.until).end(way.code)
        done.add(line)
