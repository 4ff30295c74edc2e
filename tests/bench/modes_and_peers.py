"""What keeping state costs one worker: each mode against a bare Flask application and its peers.

    python tests/bench/modes_and_peers.py [--for-s 150] [--connections 4] [--requests 20]

One gunicorn worker each, under services/gunicorn_conf.py, all up side by side; no proxy. A block visits all of them
once in shuffled order (`bare` twice: the A/A pair) and asks each an exact number of requests in a closed loop: GET
/me alone, and the lab's mix (0.7 me, 0.2 cart, 0.1 add). Ratios are paired by block, their intervals Student's on the
log-ratios (authlab.stats.intervals). The aims are judged on the mix, on requests per second of the worker's own CPU
time, gunicorn's master included; beside it stands throughput as the clock on the wall sees it, which other load on the
machine moves. Redis' own CPU is a column of its own. Exit status 0 whatever the aims say.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from aims import Aim, aims_table, show
from closed_users import MIXES, ClosedUser, run_slice
from rich.table import Table
from subjects import BARE, MODES, Standing, Worker, standing

from authlab.host.affinity import pin, usable_cpus
from authlab.stats.intervals import Interval, ratio_interval

AGAIN = "bare-again"
SUBJECTS = {subject.name: subject for subject in (BARE, *MODES)} | {AGAIN: BARE}
AIMS = (
    ("sticky", "bare", 0.97),
    ("jwt", "bare", 0.65),
    ("jwt-lean", "bare", 0.90),
    ("redis", "bare", 0.73),
    ("redis-lean", "bare", 0.80),
    ("redis", "flask-session", 1.3),
    ("jwt", "flask-jwt-extended", 1.3),
)
JUDGED = "mix"
LEAST_BLOCKS = 20


@dataclass
class Figures:
    """Per-block values of one label and mix."""

    cpu_us: list[float]
    wall_us: list[float]
    store_us: list[float]


Results = dict[tuple[str, str], Figures]


def measure(for_s: float, connections: int, requests: int, seed: int) -> Results:
    """Blocks for `for_s` seconds; the generator on the last core, everything else on the first, if there are two."""
    cores = usable_cpus()
    results: Results = {(label, mix): Figures([], [], []) for label in SUBJECTS for mix in MIXES}
    rng = random.Random(seed)
    with (
        tempfile.TemporaryDirectory() as name,
        standing(SUBJECTS, Path(name), users=connections, cpus=cores[:1]) as stood,
    ):
        pin([os.getpid()], cores[-1:])
        people = json.loads(stood.credentials.read_text())["users"]
        users = {
            label: [
                ClosedUser(
                    worker.port, p["username"], p["password"], seed + n, keeps_cart=worker.subject.name == "none"
                )
                for n, p in enumerate(people)
            ]
            for label, worker in stood.workers.items()
        }
        ends, block = time.monotonic() + for_s, -1
        while block < LEAST_BLOCKS or time.monotonic() < ends:
            for label in rng.sample(list(SUBJECTS), len(SUBJECTS)):
                run_slice(users[label], "mix", max(10, requests // 10))  # caches, carts, the core's clock
                for mix in MIXES:
                    figures = _slice(stood, stood.workers[label], users[label], mix, requests)
                    if block >= 0:  # the first block is warm-up
                        for values, value in zip(vars(results[label, mix]).values(), figures, strict=True):
                            values.append(value)
            block += 1
    return results


def _slice(
    stood: Standing, worker: Worker, users: list[ClosedUser], mix: str, requests: int
) -> tuple[float, float, float]:
    """Microseconds per request: the worker's CPU, the wall clock's, the store's CPU."""
    cpu, store = worker.cpu_ns(), stood.store_cpu_ns()
    wall_s = run_slice(users, mix, requests)
    total = requests * len(users)
    cpu, store = worker.cpu_ns() - cpu, stood.store_cpu_ns() - store
    return cpu / total / 1e3, wall_s / total * 1e6, store / total / 1e3


def ratio(results: Results, label: str, base: str, mix: str, quantity: str = "cpu_us") -> Interval:
    """How many times the rate of `base` is that of `label`, which is the inverse ratio of times per request."""
    return ratio_interval(getattr(results[base, mix], quantity), getattr(results[label, mix], quantity))


def aims_of(results: Results) -> list[Aim]:
    """The aims on the judged mix."""
    found = []
    for label, base, bound in AIMS:
        seen = ratio(results, label, base, JUDGED)
        found.append(Aim(f"{label} ÷ {base}, requests per CPU second", bound, seen.value, seen.low, seen.high))
    return found


def rates_table(results: Results, mix: str) -> Table:
    """Every subject's rates, and their ratios to `bare`."""
    what = "GET /me" if mix == "me" else "0.7 GET /me, 0.2 GET /cart, 0.1 POST /cart/items"
    table = Table(title=f"One worker, {what}", title_justify="left")
    for heading in ("", "CPU µs", "per CPU second", "÷ bare", "per second", "÷ bare ", "store CPU µs"):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    table.caption = f"medians and ratios of {len(results['bare', mix].cpu_us)} blocks, 95 % intervals"
    for label in SUBJECTS:
        figures = results[label, mix]
        cpu, wall, store = (float(np.median(values)) for values in vars(figures).values())
        cells = [label, f"{cpu:.1f}", f"{1e6 / cpu:,.0f}"]
        cells += ["" if label == "bare" else _shown(ratio(results, label, "bare", mix)), f"{1e6 / wall:,.0f}"]
        cells += ["" if label == "bare" else _shown(ratio(results, label, "bare", mix, "wall_us"))]
        table.add_row(*cells, f"{store:.1f}" if SUBJECTS[label].needs_store else "")
    return table


def _shown(seen: Interval) -> str:
    return f"{seen.value:.3f} [{seen.low:.3f}, {seen.high:.3f}]"


def run(for_s: float = 150, connections: int = 4, requests: int = 20, seed: int = 1) -> list[Aim]:
    """Measure, show the rates, and return the aims."""
    results = measure(for_s, connections, requests, seed)
    show(*(rates_table(results, mix) for mix in MIXES))
    return aims_of(results)


def main() -> int:
    """Measure and say."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--for-s", type=float, default=150)
    options.add_argument("--connections", type=int, default=4)
    options.add_argument("--requests", type=int, default=20, help="per connection and slice")
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    aims = run(chosen.for_s, chosen.connections, chosen.requests, chosen.seed)
    show(aims_table(aims, "Aims: one worker"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
