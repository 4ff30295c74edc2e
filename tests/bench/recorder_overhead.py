"""What the recorder costs: the throughput of one saturated Locust process with it and without it.

    python tests/bench/recorder_overhead.py [--turns 120] [--turn-s 0.25]

Aim: at most 5 %. nginx answers statically, so the generator is the bottleneck. Turns with and without follow each
other within one process (closed_loop.py); each neighbouring pair gives one ratio, and the interval is Student's over
their logarithms. Beside wall time the process's own CPU clock is used, which other load on the machine hardly
moves. Exits with 1 if the whole interval lies beyond the aim.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from aims import Aim
from scipy import stats

from authlab.host.content import content_root
from authlab.host.ports import free_port
from authlab.stack.programs import find_nginx

AIM = 0.05
_HERE = Path(__file__).resolve().parent
_NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr error;
events {{ worker_connections 256; }}
http {{
  access_log off; keepalive_requests 100000000; default_type application/json;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{
    listen 127.0.0.1:{port};
    add_header X-Worker worker-1;
    location = /login {{ return 200 '{{"user":"user-0001","expires_in":1800}}'; }}
    location = /me {{ return 200 '{{"user":"user-0001"}}'; }}
    location = /cart {{ return 200 '{{"user":"user-0001","cart":{{}}}}'; }}
  }}
}}
"""


def run(turns: int = 120, turn_s: float = 0.25, users: int = 10) -> list[Aim]:
    """Measure, show the rates, and return the aim by either clock."""
    with tempfile.TemporaryDirectory() as name:
        measured = measure(Path(name), turns, turn_s, users)
    found = []
    for clock in ("wall_s", "cpu_s"):
        on, off = (np.mean([t["requests"] / t[clock] for t in measured if t["on"] is which]) for which in (True, False))
        mean, low, high = overhead(measured, clock)
        word = clock.removesuffix("_s")
        print(
            f"{word:>4}: without {off:,.0f}/s, with {on:,.0f}/s, "
            f"overhead {mean:.1%} [{low:.1%}, {high:.1%}] over {len(measured) // 2} pairs"
        )
        found.append(
            Aim(f"recorder's share of Locust's {word} time", AIM, mean, low, high, at_most=True, form="{:.1%}")
        )
    return found


def main() -> int:
    """Measure and say."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--turns", type=int, default=120)
    options.add_argument("--turn-s", type=float, default=0.25)
    options.add_argument("--users", type=int, default=10)
    chosen = options.parse_args()
    aims = run(chosen.turns, chosen.turn_s, chosen.users)
    return 1 if max(aim.low for aim in aims) > AIM else 0


def measure(folder: Path, turns: int, turn_s: float, users: int) -> list[dict[str, float]]:
    """Run nginx and Locust on different cores where there are two; the turns' figures."""
    reserved, out = free_port(), folder / "turns.jsonl"
    port = reserved.number
    (folder / "nginx.conf").write_text(_NGINX.format(folder=folder, port=port))
    (folder / "credentials.json").write_text(json.dumps({"users": [{"username": "user-0001", "password": "x"}]}))
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    pin = (lambda core: ["taskset", "-c", str(core)]) if len(cores) > 1 else (lambda _: [])
    nginx = subprocess.Popen(
        [*pin(cores[0] if cores else 0), str(find_nginx().path), "-p", str(folder), "-c", str(folder / "nginx.conf")]
    )
    loadtests = content_root() / "loadtests"
    environment = os.environ | {
        "PYTHONPATH": str(loadtests),
        "OVERHEAD_TURNS": str(turns),
        "OVERHEAD_TURN_S": str(turn_s),
        "OVERHEAD_OUT": str(out),
        "HOME": str(folder),
    }
    command = [sys.executable, "-m", "locust", "-f", str(_HERE / "closed_loop.py"), "--headless", "--only-summary"]
    command += ["--loglevel", "WARNING", "-u", str(users), "-r", str(users), "--host", f"http://127.0.0.1:{port}"]
    command += ["--credentials", str(folder / "credentials.json"), "--recording", str(folder / "recording")]
    try:
        subprocess.run(
            [*pin(cores[-1] if cores else 0), *command],
            env=environment,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            timeout=turns * turn_s + 30,
            check=True,
        )
    finally:
        nginx.terminate()
        nginx.wait(10)
        reserved.release()
    return [json.loads(line) for line in out.read_text().splitlines()]


def overhead(turns: list[dict[str, float]], clock: str) -> tuple[float, float, float]:
    """Share of the throughput that the recorder takes, with its 95 % interval."""
    logs = []
    for first, second in zip(turns[::2], turns[1::2], strict=True):
        on, off = (first, second) if first["on"] else (second, first)
        logs.append(np.log((on["requests"] / on[clock]) / (off["requests"] / off[clock])))
    mean, error = float(np.mean(logs)), float(stats.sem(logs))
    half = float(stats.t.ppf(0.975, len(logs) - 1)) * error
    return 1 - np.exp(mean), 1 - np.exp(mean + half), 1 - np.exp(mean - half)


if __name__ == "__main__":
    sys.exit(main())
