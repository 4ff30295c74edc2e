"""A Locust file for recorder_overhead.py: users without pauses, the recorder on and off by turns in one process.

Turns are paired (on-off, off-on, …), so that drift of the machine meets both alike. A turn ends with the flush of
its own rows. One line of JSON per turn goes to the file named by OVERHEAD_OUT.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import gevent
from locust import events, task
from locust.exception import StopUser

from lab_load.conductor import register
from lab_load.schedule import Arrival
from lab_load.user import LabUser

TURNS = int(os.environ["OVERHEAD_TURNS"])
TURN_S = float(os.environ["OVERHEAD_TURN_S"])
OUT = Path(os.environ["OVERHEAD_OUT"])

register(events, scenario="overhead")


class Hurried(LabUser):
    """Sends the next request as soon as the last one is answered."""

    @task
    def hurry(self) -> None:
        """For ever; two in ten read the cart, as in browse.py (the static server cannot take writes)."""
        if not self.credential.number:
            raise StopUser
        requests = [Arrival(0, op, "") for op in ("me", "me", "cart", "me", "me")]
        while True:
            for arrival in requests:
                self.act(arrival, time.monotonic_ns(), 0)
                _counter[0] += 1


_counter = [0]


@events.test_start.add_listener
def _start(environment: Any, **_: Any) -> None:
    gevent.spawn(_take_turns, environment).link_exception(lambda _: environment.runner.quit())


def _take_turns(environment: Any) -> None:
    recorder = environment.authlab.recorder
    record = recorder.record
    gevent.sleep(1.0)  # log-ins and warm-up
    with OUT.open("w") as out:
        for turn in range(TURNS):
            on = turn % 4 in (0, 3)
            recorder.record = record if on else _nothing
            requests, wall, cpu = _counter[0], time.monotonic(), time.process_time()
            gevent.sleep(TURN_S)
            recorder.flush()
            figures = {
                "on": on,
                "requests": _counter[0] - requests,
                "wall_s": time.monotonic() - wall,
                "cpu_s": time.process_time() - cpu,
            }
            out.write(json.dumps(figures) + "\n")
    recorder.record = record
    environment.process_exit_code = 0
    environment.runner.quit()


def _nothing(*_: Any) -> None:
    """The recorder, off."""
