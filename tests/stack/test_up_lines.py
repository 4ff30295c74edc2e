"""The lines that `authlab up` prints work as pasted, in every mode."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from tests.stack.lab_process import Lab

from authlab.model.modes import MODES

pytestmark = [pytest.mark.stack, pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")]

_CSRF_APP = """
import os
from flask import Flask, request

def create():
    app = Flask("csrf")

    @app.after_request
    def name_the_worker(response):
        response.headers["X-Worker"] = os.environ["AUTHLAB_WORKER"]
        return response

    @app.post("/login")
    def login():
        return {"user": "user-0001", "csrf_token": "a-secret"}

    @app.get("/me")
    def me():
        return {"user": "user-0001"}

    @app.post("/cart/items")
    def add():
        return {"user": "user-0001", "cart": {"tea": 1 if request.headers.get("X-CSRF-Token") == "a-secret" else 0}}

    @app.get("/healthz")
    def healthz():
        return {"status": "ok"}

    return app
"""


def pasted(mode: str, folder: Path, repeat: int) -> dict[str, int]:
    """The cart after the log-in, `/me`, and the addition, which is pasted several times."""
    with Lab("up", mode, "--workers", "2", "--users", "2", cwd=folder) as lab:
        lab.says("locust -f")
        log_in, who, add = [line for line in lab.said.splitlines() if line.startswith("curl ")]
        said = [_shell(line) for line in (log_in, who, *[add] * repeat)]
        lab.signal(signal.SIGINT)
        assert lab.ends() == 0, lab.said
    assert "HTTP/1.1 200" in said[1]
    assert '"user":"user-0001"' in said[1]
    cart: dict[str, int] = json.loads(said[-1])["cart"]
    return cart


def _shell(line: str) -> str:
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", line], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, f"{line}\n{done.stderr}"
    return done.stdout


_KINDS = {MODES[name].credential: name for name in MODES if MODES[name].traits.any_worker_serves}
"""A mode of each way in which a credential travels: the lines follow from that."""


@pytest.mark.parametrize("mode", _KINDS.values())
def test_they_log_in_tell_who_asks_and_fill_the_cart(mode: str, tmp_path: Path) -> None:
    # Where the client keeps the cart, what it sends along decides: a header of its own, or the token of the log-in.
    expected = 1 if MODES[mode].credential in ("header", "bearer") else 2
    assert pasted(mode, tmp_path, repeat=2) == {"tea": expected}


def test_an_app_of_ones_own_gets_its_csrf_token_back(tmp_path: Path) -> None:
    (tmp_path / "csrf_app.py").write_text(_CSRF_APP)
    (tmp_path / "csrf.toml").write_text('name = "csrf"\napp = "csrf_app:create"\n')
    assert pasted("csrf.toml", tmp_path, repeat=1) == {"tea": 1}
