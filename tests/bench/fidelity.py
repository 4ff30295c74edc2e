"""Our percentiles against those of k6: same stack, equal arrivals, a worker that stands still for a moment.

    python tests/bench/fidelity.py [--pairs 8] [--for-s 10]

Aims: p50 within 5 %, p99 within 10 %. One worker of `none` gets 300 GET /me a second at equal gaps, from our users
(even_users.py) and from k6 (constant-arrival-rate), one after the other in changing order. In each turn the worker is
stopped by SIGSTOP for 0.3 s, which more than one request in a hundred meets: p99 then shows whether a generator charges
a stall to all the requests that were due. Each pair of turns gives one ratio; the interval is Student's over their
logarithms. k6 measures from the moment of sending to the answer's last byte, we from the moment at which a request was
due. Everything stays on the loopback interface.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from aims import Aim
from scipy import stats

from authlab.host.machine import pinning
from authlab.host.processes import Guardian, minimal_environment
from authlab.load import LoadPlan, LoadProcess, Window
from authlab.load.scenario import Scenario
from authlab.model.errors import LabError
from authlab.model.modes import MODES
from authlab.stack.local import LocalStacks
from authlab.stack.local_operations import OperableLocalStack
from authlab.stack.secrets import make_secrets
from authlab.stats.latency import with_latencies
from authlab.store.recording import read_recording

AIMS = {50: 0.05, 99: 0.10}
RATE_RPS = 300
USERS = 50
STALL_S = 0.3
STALL_AT_S = 5.0
LEAST_PAIRS = 3
WARMUP_S = 2.0
_HERE = Path(__file__).resolve().parent
_WORKER = "worker-1"
_WITHIN_S = 60.0
_K6 = """
import http from 'k6/http';
import exec from 'k6/execution';
export const options = {{ scenarios: {{ even: {{
  executor: 'constant-arrival-rate', rate: {rate}, timeUnit: '1s', duration: '{seconds}s',
  preAllocatedVUs: {most}, maxVUs: {most}, gracefulStop: '5s' }} }} }};
export default function () {{
  const user = 'user-' + String(exec.scenario.iterationInTest % {users} + 1).padStart(4, '0');
  http.get('{url}/me', {{ headers: {{ 'X-Lab-User': user }} }});
}}
"""

Times = np.ndarray


def run(pairs: int = 8, for_s: float = 10.0) -> list[Aim]:
    """Measure, show the percentiles, and return how far the ratios are from 1."""
    k6 = shutil.which("k6", path=str(Path(sys.executable).parent)) or shutil.which("k6")
    if k6 is None:
        print("k6 is not installed here (there is a wheel for Linux and for macOS on arm64): left out")
        return []
    found: dict[str, list[Times]] = {"ours": [], "k6": []}
    with tempfile.TemporaryDirectory() as name, Guardian([Path(name) / "runtime"]) as guardian:
        folder = Path(name)
        secrets = make_secrets(folder / "secrets", USERS)
        pins = pinning()
        with LocalStacks(
            [MODES["none"]],
            workers=1,
            guardian=guardian,
            runtime=folder / "runtime",
            logs=lambda _mode: folder / "logs",
            secrets=secrets,
            cpus=pins.stack or None,
        ) as stacks:
            stacks.up(_WITHIN_S)
            stack = stacks.stacks["none"]
            turns = {
                "ours": lambda place: _ours(guardian, stack, secrets.credentials, place, for_s, pins.generator),
                "k6": lambda place: _k6(guardian, stack, k6, place, for_s, pins.generator),
            }
            for pair in range(pairs):
                both: dict[str, Times | None] = {}
                for who in ("ours", "k6") if pair % 2 else ("k6", "ours"):
                    place = folder / f"{pair}-{who}"
                    place.mkdir()
                    both[who] = turns[who](place)
                whole = {who: times for who, times in both.items() if times is not None}
                if len(whole) == len(found):
                    for who, times in whole.items():
                        found[who].append(times)
    if len(found["ours"]) < LEAST_PAIRS:
        print(f"only {len(found['ours'])} of {pairs} pairs could be sent whole: the machine is too busy to compare")
        return []
    return _compared(found)


def _compared(found: dict[str, list[Times]]) -> list[Aim]:
    aims = []
    for percentile, aim in AIMS.items():
        ours, theirs = (np.array([np.percentile(turn, percentile) for turn in found[who]]) for who in ("ours", "k6"))
        logs = np.log(ours / theirs)
        half = float(stats.t.ppf(0.975, len(logs) - 1)) * float(stats.sem(logs))
        ratio, low, high = (float(np.exp(np.mean(logs) + by)) for by in (0.0, -half, half))
        print(
            f"p{percentile}: ours {np.median(ours):.2f} ms, k6 {np.median(theirs):.2f} ms, "
            f"ratio {ratio:.3f} [{low:.3f}, {high:.3f}] over {len(logs)} pairs"
        )
        ends = sorted((abs(low - 1), abs(high - 1)))
        nearest = 0.0 if low <= 1 <= high else ends[0]
        aims.append(
            Aim(f"p{percentile} apart from k6's", aim, abs(ratio - 1), nearest, ends[1], at_most=True, form="{:.1%}")
        )
    return aims


def _stall(stack: OperableLocalStack, at_s: float) -> None:
    """Let the worker stand still, at that time of `time.monotonic`."""
    time.sleep(max(0.0, at_s - time.monotonic()))
    stack.pause(_WORKER)
    time.sleep(STALL_S)
    stack.resume(_WORKER)


def _ours(
    guardian: Guardian,
    stack: OperableLocalStack,
    credentials: Path,
    folder: Path,
    for_s: float,
    cpus: Sequence[int],
) -> Times | None:
    """Response times in ms, after the warm-up."""
    scenario = folder / "even_users.py"
    shutil.copy(_HERE / scenario.name, scenario)
    seconds = WARMUP_S + for_s
    windows = (Window(0, 0, int(seconds * 1e9), RATE_RPS, 1),)
    load = LoadProcess(
        guardian,
        "none",
        url=stack.url,
        plan=LoadPlan(seed=1, users=USERS, windows=windows, credential=MODES["none"].credential),
        recording=folder / "recording",
        credentials=credentials,
        runtime=folder / "load",
        log=folder / "locust.log",
        cpus=cpus or None,
        scenario=Scenario("even_users", scenario),
    )
    load.start()
    load.wait_ready(_WITHIN_S)
    begun = time.monotonic()
    load.go(time.monotonic_ns())
    _stall(stack, begun + STALL_AT_S)
    load.wait(seconds + _WITHIN_S)
    rows = with_latencies(read_recording(folder / "recording").samples)
    rows = rows.filter(rows["window"] == 0)
    due = rows["due_ns"].to_numpy()
    wrong = rows.filter(rows["outcome"] != "ok").height
    return _checked(rows["response_ms"].to_numpy()[due >= due.min() + WARMUP_S * 1e9], wrong, for_s, folder)


def _k6(
    guardian: Guardian, stack: OperableLocalStack, program: str, folder: Path, for_s: float, cpus: Sequence[int]
) -> Times | None:
    """The same of k6."""
    script, out = folder / "even.js", folder / "k6.csv"
    seconds = WARMUP_S + for_s
    # As many as can wait at once during the stall, and then some.
    most = int(3 * RATE_RPS * STALL_S) + USERS
    script.write_text(_K6.format(rate=RATE_RPS, seconds=seconds, most=most, users=USERS, url=stack.url))
    options = ["--quiet", "--no-usage-report", "--no-color", "--address", "", "--no-summary"]
    argv = [program, "run", *options, "--out", f"csv={out}", str(script)]
    env = minimal_environment() | {"K6_CSV_TIME_FORMAT": "unix_nano", "K6_NO_USAGE_REPORT": "true"}
    log = folder / "k6.log"
    begun = time.monotonic()
    process = guardian.spawn("k6", argv, log=log, env=env, cwd=folder, cpus=cpus or None)
    _stall(stack, begun + STALL_AT_S)
    if process.wait(seconds + _WITHIN_S) != 0:
        raise LabError(process.obituary())
    with out.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["metric_name"] == "http_req_duration"]
    ended = np.array([int(row["timestamp"]) for row in rows])
    took = np.array([float(row["metric_value"]) for row in rows])
    sent = ended - took * 1e6
    wrong = sum(row["status"] != "200" for row in rows)
    return _checked(took[sent >= sent.min() + WARMUP_S * 1e9], wrong, for_s, folder)


def _checked(times: Times, wrong: int, for_s: float, folder: Path) -> Times | None:
    """The times, if all requests were sent and answered well. Otherwise the arrivals were not equal."""
    wanted = RATE_RPS * for_s
    if wrong or abs(len(times) - wanted) > 0.02 * wanted:
        print(f"left out: {folder.name}: {len(times)} requests where {wanted:.0f} were due, {wrong} failed")
        return None
    return times


def main() -> int:
    """Measure and say."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--pairs", type=int, default=8)
    options.add_argument("--for-s", type=float, default=10.0)
    chosen = options.parse_args()
    run(chosen.pairs, chosen.for_s)
    return 0


if __name__ == "__main__":
    sys.exit(main())
