"""docs/extending.md is true: its examples are built as it says, in a copy of the checkout, and each of them runs."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest

from authlab.lab.mode_files import KEYS, read_mode_file
from authlab.model.modes import MODES, ROUTINGS, Traits
from authlab.store.recording import read_recording

_ROOT = Path(__file__).resolve().parents[2]
_TEXT = (_ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
_FILES = dict(re.findall(r"^`([\w./]+)`\n\n```\w+\n(.*?)```", _TEXT, re.MULTILINE | re.DOTALL))
_TABLE_LINES = re.findall(r"in `(\w+)` of `([\w./]+)` the line\n\n```python\n(.*?)```", _TEXT, re.DOTALL)
_COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", _TEXT, re.DOTALL) for line in block.splitlines()]
_LIGHT = ("--users", "6", "--rate", "100")
_SHORT = ("--blocks", "4", "--slice", "0.3s")
"""For runs that have blocks. Those with faults, or of repetitions, take as long as they take."""

_WITHIN_S = 90


class Place(NamedTuple):
    """A copy of the checkout, and a user's folder that is not in it."""

    checkout: Path
    mine: Path

    @property
    def environment(self) -> dict[str, str]:
        """One in which `authlab` is the copy."""
        return {**os.environ, "PYTHONPATH": str(self.checkout / "src")}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Every example in its place: a bare name in the user's folder, a path in the checkout, a line in its table."""
    made = Place(tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("mine"))
    for part in ("src", "services", "loadtests", "compose"):
        shutil.copytree(_ROOT / part, made.checkout / part, ignore=shutil.ignore_patterns("__pycache__"))
    for name, content in _FILES.items():
        ((made.checkout if "/" in name else made.mine) / name).write_text(content)
    for table, name, line in _TABLE_LINES:
        _insert(made.checkout / name, rf"^{table}: .*= \($", line)
    return made


def _insert(file: Path, after: str, line: str) -> None:
    """The line after the one line of the file that fits `after`."""
    text = file.read_text()
    (found,) = re.finditer(after, text, re.MULTILINE)
    file.write_text(f"{text[: found.end()]}\n{line}{text[found.end() + 1 :]}")


def _run(place: Place, command: str, *more: str) -> str:
    """What the command, typed in the user's folder, printed; fails where it did not end well."""
    words = shlex.split(command)
    assert words[0] == "authlab"
    done = subprocess.run(
        [sys.executable, "-m", *words, *more],
        cwd=place.mine,
        env=place.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


class Site(NamedTuple):
    """A mode that `authlab up` holds up: its lines to paste, by the beginnings of their titles."""

    place: Place
    lines: dict[str, str]

    def paste(self, title: str, more: str = "") -> str:
        """What a shell prints for the line of that title."""
        done = subprocess.run(
            ["bash", "-c", self.lines[title] + more],
            cwd=self.place.mine,
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_WITHIN_S,
            check=False,
        )
        assert done.returncode == 0, f"{self.lines[title]}{more}\n{done.stdout}"
        return done.stdout


@contextmanager
def _up(place: Place, command: str, log: Path) -> Iterator[Site]:
    """`authlab up …` until the end of the block, then Ctrl-C, after which it must end well."""
    with log.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", *shlex.split(command), "--users", "6"],
            cwd=place.mine,
            env={**place.environment, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        assert process.stdout
        lines: dict[str, str] = {}
        title = ""
        for line in process.stdout:
            if title:
                lines[title] = line.strip()
            title = re.split(r"[:?]", line.removeprefix("# "))[0].strip() if line.startswith("# ") else ""
            if "locust" in "".join(lines.values()):
                break
        assert lines, log.read_text()
        yield Site(place, lines)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0, log.read_text()
    finally:
        process.kill()
        process.communicate()


class Ran(NamedTuple):
    """A run that one of the page's commands made: what it printed, its folder and its run.json."""

    printed: str
    folder: Path
    run: dict[str, Any]


@pytest.fixture(scope="module")
def ran(place: Place) -> Callable[[str], Ran]:
    """The short run of the command that begins so; each is made once."""
    made: dict[str, Ran] = {}

    def of(beginning: str) -> Ran:
        (command,) = [line for line in _COMMANDS if line.startswith(beginning)]
        if command not in made:
            printed = _run(place, command, *_LIGHT, *(() if "--repeat" in command else _SHORT))
            folder = (place.mine / "results" / "latest").resolve()
            made[command] = Ran(printed, folder, json.loads((folder / "run.json").read_text()))
        return made[command]

    return of


def test_the_page_shows_a_file_of_each_kind() -> None:
    assert {Path(name).suffix for name in _FILES} == {".toml", ".py"}
    assert len(_FILES) == 8
    assert [table for table, _, _ in _TABLE_LINES] == ["_STEADY", "_MODULES", "_FAULTS", "_OF_SETUP"]
    assert all(line.count("\n") == 1 for _, _, line in _TABLE_LINES), "one line in one table"


def test_every_key_trait_and_word_of_a_mode_file_is_explained(place: Place) -> None:
    for word in (*KEYS, *(trait.name for trait in fields(Traits))):
        assert re.search(rf"^\| `\[?{word}\]?` \|", _TEXT, re.MULTILINE), word
    for word in (*ROUTINGS, *{mode.state for mode in MODES.values()}):
        assert f"`{word}`" in _TEXT
    for name in _FILES:
        if name.endswith(".toml"):
            assert read_mode_file(place.mine / name).name == Path(name).stem


@pytest.mark.stack
def test_the_app_of_ones_own_keeps_the_contract_through_the_proxy(place: Place, tmp_path: Path) -> None:
    (command,) = [line for line in _COMMANDS if line.startswith("authlab up signed")]
    with _up(place, command, tmp_path / "up.log") as site:
        site.paste("log in")
        answers = [site.paste("who am I") for _ in range(6)]
        assert all(answer.startswith("HTTP/1.1 200") and "user-0001" in answer for answer in answers)
        workers = {found[1] for answer in answers if (found := re.search(r"X-Worker: (\S+)", answer))}
        assert workers == {"worker-1", "worker-2", "worker-3"}
        assert '"tea":1' in re.sub(r"\s", "", site.paste("put something into the cart"))
        url = re.search(r"http://[\d.:]+", site.lines["who am I"])
        assert url
        (bare,) = _curl(f"{url[0]}/me")
        assert (bare["status"], bare["reason"]) == (401, "missing")
        (wrong,) = _curl(f"{url[0]}/login", '{"username": "user-0001", "password": "no"}')
        assert (wrong["status"], wrong["reason"]) == (401, "bad_credentials")


def _curl(url: str, body: str | None = None) -> list[dict[str, Any]]:
    """The answer's JSON object and its status, without any credential."""
    more = [] if body is None else ["-H", "Content-Type: application/json", "-d", body]
    done = subprocess.run(
        ["curl", "-sS", "-w", "\n%{http_code}", *more, url], capture_output=True, text=True, check=True, timeout=10
    )
    text, _, status = done.stdout.rpartition("\n")
    return [{**json.loads(text), "status": int(status)}]


@pytest.mark.stack
@pytest.mark.parametrize("command", [line for line in _COMMANDS if line.startswith("authlab run")])
def test_every_run_of_the_page_ends_with_a_report(command: str, ran: Callable[[str], Ran]) -> None:
    printed, folder, run = ran(command)
    assert run["status"] == "finished"
    assert "report.html" in printed
    assert (folder / "report.html").stat().st_size > 1000
    measured = {trial["mode"]: trial["summary"] for trial in run["trials"]}
    for word in () if "--fault" in command else re.findall(r"--mode (\S+)", command):
        outcomes = measured[word.removesuffix(".toml")]["outcomes"]
        assert outcomes.keys() == {"ok"}, "no request was lost, and every answer was right"
        assert outcomes["ok"] > 20
    arms = [arm for result in run["experiments"] for plan in result["plans"] for arm in plan["arms"]]
    own = {arm["mode"]["name"] for arm in arms} - MODES.keys()
    assert {f"{name}.toml" for name in own} == set(re.findall(r"\w+\.toml", command))
    assert all(result["verdict"]["summary"] != "the judge itself failed" for result in run["experiments"])


@pytest.mark.stack
def test_the_scenario_of_ones_own_sends_what_it_says(place: Place, ran: Callable[[str], Ran]) -> None:
    _, folder, run = ran("authlab run --scenario")
    assert run["parameters"]["scenario"] == "shopper"
    assert len(run["parameters"]["scenario_sha256"]) == 64
    for trial in run["trials"]:
        samples = pl.read_parquet(folder / "trials" / trial["id"] / "samples.parquet")
        shares = dict(samples.filter(pl.col("op") != "login")["op"].value_counts(normalize=True).iter_rows())
        assert shares == pytest.approx({"add": 0.5, "cart": 0.3, "front": 0.2}, abs=0.15)
        assert set(samples["outcome"]) == {"ok"}
    before = (folder / "report.md").read_text()
    _run(place, f"authlab report {folder}")
    assert (folder / "report.md").read_text() == before


@pytest.mark.stack
def test_the_scenario_of_ones_own_runs_by_plain_locust_as_the_pasted_line_says(place: Place, tmp_path: Path) -> None:
    (command,) = [line for line in _COMMANDS if line.startswith("authlab up jwt --scenario")]
    with _up(place, command, tmp_path / "up.log") as site:
        site.paste("load with plain Locust", f" --headless -u 6 -r 6 -t 3s --recording {tmp_path / 'recording'}")
    recording = read_recording(tmp_path / "recording")
    assert recording.status == "finished"
    assert set(recording.samples["op"]) == {"login", "add", "cart", "front"}
    assert set(recording.samples["outcome"]) == {"ok"}
    _run(place, f"authlab report {tmp_path / 'recording'}")
    report = json.loads((tmp_path / "recording" / "report.json").read_text())
    assert report["parameters"]["scenario"] == "shopper"
    assert report["parameters"]["mix"] == {"add": 0.5, "cart": 0.3, "front": 0.2}


@pytest.mark.stack
def test_the_experiment_of_ones_own_is_listed_run_and_judged(place: Place, ran: Callable[[str], Ran]) -> None:
    name = "token-or-redis"
    assert re.search(rf"^ +{name} .*CPU", _run(place, "authlab list"), re.MULTILINE)
    printed, folder, run = ran(f"authlab run {name}")
    assert "redis: holds if" in printed.partition("starting")[0], "a rule is printed before anything runs"
    (result,) = run["experiments"]
    assert result["id"] == name
    assert {(o["mode"], o["against"]) for o in result["observations"] if o["quantity"] == "cpu_us_ratio"} == {
        ("redis", "jwt")
    }
    assert result["verdict"]["value"] in ("confirmed", "refuted", "inconclusive")
    assert result["claim"].lower() in (folder / "report.md").read_text().lower()


@pytest.mark.stack
@pytest.mark.parametrize("beginning", ["authlab run --mode redis --fault pause-redis", "authlab run store-pause"])
def test_the_fault_of_ones_own_is_done_proven_and_undone(
    beginning: str, place: Place, ran: Callable[[str], Ran]
) -> None:
    assert re.search(r"^ +pause-redis\+DURATION .*store", _run(place, "authlab list"), re.MULTILINE)
    printed, folder, run = ran(beginning)
    assert "the store is frozen for 1 s" in printed
    (trial,) = [trial for trial in run["trials"] if trial["mode"] == "redis"]
    (fault,) = json.loads((folder / "trials" / trial["id"] / "faults.json").read_text())["faults"]
    assert (fault["kind"], fault["target"]) == ("pause-redis", "store")
    assert "was frozen" in fault["proof"]
    assert "answered again" in fault["proof"]
    assert 1.0 <= (fault["end_ns"] - fault["start_ns"]) / 1e9 < 5.0
    (result,) = run["experiments"]
    assert "users_logged_out" in {o["quantity"] for o in result["observations"] if o["mode"] == "redis"}
    assert result["verdict"]["value"] in ("confirmed", "inconclusive"), "nobody was logged out"


@pytest.mark.stack
def test_the_figure_of_ones_own_is_in_every_report(place: Place, ran: Callable[[str], Ran]) -> None:
    (command,) = [line for line in _COMMANDS if line.startswith("authlab report")]
    _, folder, _ = ran("authlab run token-or-redis")
    _run(place, command.replace("latest", str(folder)))
    (experiment,) = json.loads((folder / "report.json").read_text())["experiments"]
    (setup,) = experiment["setups"]
    assert {label for label, _ in setup["slowest"]} == {"redis", "jwt"}
    assert all(most > 0 for _, most in setup["slowest"])
    assert "The slowest answer of each mode" in (folder / "report.html").read_text()


def test_every_command_of_the_page_is_run_by_one_of_these_tests() -> None:
    commands = {shlex.join(shlex.split(line)[:2]) for line in _COMMANDS}
    assert commands <= {"authlab run", "authlab up", "authlab list", "authlab report"}
    ups = [line for line in _COMMANDS if line.startswith("authlab up")]
    assert len(ups) == 2
