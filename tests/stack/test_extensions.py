"""Modes and scenarios of one's own that fail, or whose files are gone when the run is read again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from authlab.host.processes import Guardian
from authlab.lab.mode_files import read_mode_file
from authlab.model.errors import UsageProblem
from authlab.stack.compose.stacks import ComposeStacks
from authlab.stack.secrets import Secrets

pytestmark = pytest.mark.stack

_SHORT = ("--blocks", "4", "--slice", "0.3s", "--users", "6", "--rate", "100")
_WITH_APP = 'name = "own"\napp = "own_app:create"\n'
_MODE = 'name = "own"\nstate = "memory"\nrouting = "sticky-cookie"\nnote = "mine"\n'


def _authlab(cwd: Path, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "authlab", *arguments],
        cwd=cwd,
        env={**os.environ, "TMPDIR": str(cwd)},  # `up` keeps there the logs of what died
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=90,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("app", "says"),
    [
        ("def other(): ...\n", "create"),
        ("def create():\n    raise RuntimeError('no quorum')\n", "no quorum"),
        ("import no_such_thing\n", "no_such_thing"),
        ("def create():\n    return None\n", "own"),
    ],
)
def test_an_app_that_cannot_be_made_ends_the_start_with_its_last_words(app: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('name = "own"\napp = "own_app:create"\n')
    (tmp_path / "own_app.py").write_text(app)
    code, said = _authlab(tmp_path, "up", "own.toml", "--workers", "1")
    assert code == 69, said
    assert "worker-1 of own exited" in said
    assert says in said


def test_an_app_gets_the_services_environment_and_a_store_where_it_asks_for_one(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('name = "own"\napp = "own_app:create"\nstate = "jwt"\nneeds_store = true\n')
    (tmp_path / "own_app.py").write_text(
        "import os, sys\n"
        "def create():\n"
        "    names = sorted(name for name in os.environ if name.startswith('AUTHLAB_'))\n"
        "    print('told', os.environ['AUTHLAB_STATE'], *names, file=sys.stderr, flush=True)\n"
        "    raise SystemExit(3)\n"
    )
    code, said = _authlab(tmp_path, "up", "own.toml", "--workers", "1")
    assert code == 69, said
    assert (
        "told jwt AUTHLAB_BIND AUTHLAB_INSTANCE AUTHLAB_REDIS_HOST AUTHLAB_REDIS_PORT AUTHLAB_REDIS_PREFIX "
        "AUTHLAB_SECRETS AUTHLAB_STATE AUTHLAB_WORKER" in said
    )


@pytest.mark.parametrize(
    ("scenario", "says"),
    [
        ("raise RuntimeError('not today')\n", "not today"),
        ("from locust import HttpUser\nclass User(HttpUser): ...\n", "--plan"),
        (
            "from locust import events\nfrom lab_load.conductor import register\nfrom lab_load.user import LabUser\n"
            "register(events, scenario='mine', mix={'fly': 1})\nclass User(LabUser): ...\n",
            "the mix has unknown operations: fly. Operations: me, cart, add",
        ),
    ],
)
def test_a_scenario_that_cannot_run_is_named_with_its_last_words(scenario: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(scenario)
    code, said = _authlab(tmp_path, "run", *_SHORT, "--mode", "jwt", "--scenario", "mine.py")
    assert code == 69, said
    assert says in said
    assert "docs/extending.md" in said


def test_a_run_whose_lab_was_killed_is_judged_without_the_mode_file(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    (place / "own.toml").write_text(_MODE)
    process = subprocess.Popen(
        [sys.executable, "-m", "authlab", "run", "--blocks", "40", *_SHORT[2:], "--mode", "own.toml"],
        cwd=place,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while sum(len(f.read_text().splitlines()) for f in place.glob("results/runs/*/trials/*/resources.csv")) < 60:
            assert time.monotonic() < deadline, "no load within a minute"
            assert process.poll() is None
            time.sleep(0.1)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    (place / "own.toml").unlink()
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(place / "results", elsewhere, symlinks=True)
    code, said = _authlab(tmp_path, "report", "latest", "--results", str(elsewhere))
    assert code == 0, said
    (experiment,) = json.loads((elsewhere / "latest" / "report.json").read_text())["experiments"]
    assert experiment["verdict"]["summary"] != "the judge itself failed"
    shares = {o["mode"]: o["value"] for o in experiment["observations"] if o["quantity"] == "auth_failure_share"}
    assert shares == {"none": 0, "own": 0}


def test_two_files_that_give_one_name_to_different_modes_are_refused(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(_MODE)
    (tmp_path / "other.toml").write_text(_MODE.replace("sticky-cookie", "round-robin"))
    code, said = _authlab(tmp_path, "run", "--mode", "own.toml", "--mode", "other.toml")
    assert code == 64
    assert "other.toml and another file both declare the mode 'own'" in said


def test_all_that_is_wrong_with_files_and_options_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('name = "jwt"\nstate = "memory"\n')
    code, said = _authlab(
        tmp_path, "run", "--mode", "own.toml", "--mode", "absent.toml", "--scenario", "brwose", "--rate", "0"
    )
    assert code == 64
    for part in ("built-in mode", "absent.toml", "did you mean 'browse'", "--rate"):
        assert part in said
    (tmp_path / "own.toml").write_text(_WITH_APP)
    (tmp_path / "own_app.py").write_text("def create(): ...\n")
    for call in (["run", "--mode"], ["up"]):
        code, said = _authlab(tmp_path, *call, "own.toml", "--stack", "compose")
        assert code == 64
        assert "own: a mode with an app of your own runs only on the local stack" in said
    (tmp_path / "own.toml").write_text(_MODE.replace("own", "jwt"))
    code, said = _authlab(tmp_path, "up", "own.toml", "--scenario", "absent.py", "--workers", "0")
    assert code == 64
    for part in ("built-in mode", "absent.py", "--workers"):
        assert part in said
    assert not (tmp_path / "results").exists()


def test_compose_refuses_an_app_of_ones_own_in_one_sentence(
    guardian: Guardian, secrets: Secrets, tmp_path: Path
) -> None:
    (tmp_path / "own.toml").write_text(_WITH_APP)
    (tmp_path / "own_app.py").write_text("def create(): ...\n")
    mode = read_mode_file(tmp_path / "own.toml")
    with pytest.raises(UsageProblem, match="own: a mode with an app of your own runs only on the local stack"):
        ComposeStacks(
            [mode], workers=1, guardian=guardian, runtime=tmp_path / "r", logs=lambda _: tmp_path, secrets=secrets
        )
    assert not (tmp_path / "r").exists()
