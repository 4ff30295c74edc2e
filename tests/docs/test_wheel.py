"""The built wheel, installed away from the checkout: it holds what it must, and everything works from any folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from terminal import Terminal

ROOT = Path(__file__).resolve().parents[2]
CONTENT = ("services", "loadtests", "compose")

pytestmark = pytest.mark.stack

_MINE = """\
name = "pinned"
note = "sessions in Redis, and nginx still sends each client to its worker"
state = "redis"
routing = "sticky-cookie"
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout as a publisher builds it."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, timeout=300)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of a new environment with nothing but the wheel in it.

    What the wheel depends on is the test environment's: its folder is on the path behind the new environment's own.
    Path files in it count for nothing there, so that an editable install of the checkout is not found.
    """
    home = tmp_path_factory.mktemp("environment") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True, timeout=120)
    python = home / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*install, str(wheel)], check=True, timeout=120)
    (own,) = home.glob("lib/python*/site-packages")
    (own / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python.parent


@pytest.fixture(scope="module")
def elsewhere(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """A terminal in an empty folder, with the installed command on its PATH and no trace of the checkout."""
    trace = (str(ROOT), str(Path(sys.executable).parent))
    path = os.pathsep.join(part for part in os.environ["PATH"].split(os.pathsep) if part not in trace)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    return Terminal(tmp_path_factory.mktemp("elsewhere"), programs, {**clean, "PATH": path})


def test_the_wheel_holds_one_package_with_all_that_it_starts_as_programs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    metadata = f"{'-'.join(wheel.name.split('-')[:2])}.dist-info"
    assert {name.partition("/")[0] for name in names} == {"authlab", metadata}, "no generic name becomes importable"
    assert f"{metadata}/licenses/LICENSE" in names
    carried = {name.removeprefix("authlab/_content/") for name in names if name.startswith("authlab/_content/")}
    files = {
        str(file.relative_to(ROOT))
        for part in CONTENT
        for file in (ROOT / part).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts and _is_carried(file.relative_to(ROOT).parts)
    }
    assert carried == files
    assert carried >= {
        "services/openapi.yaml",
        "services/security.toml",
        "services/Dockerfile",
        "loadtests/browse.py",
        "loadtests/cart.py",
        "loadtests/leave.py",
        "compose/nginx/nginx.conf",
        "compose/store/redis.conf",
        "compose/redis.yml",
    }


def _is_carried(parts: tuple[str, ...]) -> bool:
    """Of the browser lab's page only what is served: the built files and the attack pages, not its sources."""
    return parts[:2] != ("services", "spa") or parts[2] in ("dist", "attacks")


def test_the_code_comes_from_the_wheel_and_not_from_the_checkout(elsewhere: Terminal, programs: Path) -> None:
    program = "import sys, authlab, authlab.host.content as c; print(authlab.__file__, c.content_root(), *sys.path)"
    said = elsewhere.run(f"python -c '{program}'")
    package, content, *path = said.split()
    installed = programs.parent.resolve()
    assert Path(package).resolve().is_relative_to(installed)
    assert Path(content).resolve() == Path(package).resolve().parent / "_content"
    assert not {ROOT, ROOT / "src"} & {Path(place).resolve() for place in path}
    for name in (*CONTENT, "lab_load"):
        elsewhere.run(f"! python -c 'import {name}'")


@pytest.mark.parametrize("command", ["authlab --version", "authlab --help", "authlab list", "authlab doctor"])
def test_what_starts_nothing_works_from_an_empty_folder(elsewhere: Terminal, command: str) -> None:
    assert "authlab" in elsewhere.run(command) or command == "authlab doctor"
    assert list(elsewhere.folder.iterdir()) == []


@pytest.fixture(scope="module")
def first(elsewhere: Terminal) -> Path:
    """The folder of a short run, as seen from the terminal's folder."""
    said = elsewhere.run("authlab run --mode redis --mode jwt --blocks 2 --slice 0.2s --users 6 --workers 1")
    assert "report: results/runs/" in said
    return (elsewhere.folder / "results" / "latest").resolve().relative_to(elsewhere.folder)


def test_a_run_its_report_and_a_standing_mode_work_from_an_empty_folder(elsewhere: Terminal, first: Path) -> None:
    page = elsewhere.folder / "results" / "latest" / "report.html"
    page.unlink()
    elsewhere.run("authlab report latest")
    assert page.stat().st_size > 100_000

    up = elsewhere.begin("authlab up redis --workers 2 --users 5", "--credentials ")
    try:
        title, log_in, _, ask, *_, load = [line for line in up.said.split("is up at")[1].splitlines() if line][1:]
        assert title.startswith("# ")
        elsewhere.run(log_in)
        assert '"user":"user-0001"' in elsewhere.run(ask)
        elsewhere.run(f"{load} --headless -u 5 -r 5 --run-time 2s")
    finally:
        up.end(0)
    (recording,) = elsewhere.folder.glob("results/runs/*-browse")
    assert re.search(r"report: results/runs/\S+-browse/report.html", elsewhere.run(f"authlab report {recording}"))


def test_faults_a_comparison_a_mode_of_ones_own_and_tidying_work_from_an_empty_folder(
    elsewhere: Terminal, first: Path
) -> None:
    harm = "--fault crash-worker@1s --repeat 1 --for 4s"
    said = elsewhere.run(f"authlab run --mode jwt {harm} --users 6 --rate 60 --workers 2")
    assert "chosen-faults" in said
    trial = elsewhere.folder / "results" / "latest" / "trials"
    assert all((arm / "faults.json").is_file() and (arm / "history.json").is_file() for arm in trial.iterdir())

    short = "--mode jwt --blocks 2 --slice 0.2s --users 6 --workers 1"
    (elsewhere.folder / "mine.toml").write_text(_MINE)
    elsewhere.run(f"authlab run {short} --mode mine.toml")
    elsewhere.run(f"authlab compare latest {first}")
    assert list(elsewhere.folder.glob("results/comparison/compare.html"))
    elsewhere.run("authlab clean --keep 1 --yes")
    assert len([run for run in elsewhere.folder.glob("results/runs/*") if run.is_dir()]) == 1
