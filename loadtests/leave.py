"""Users who log out in the middle, and somebody who copied their credential before and goes on sending it.

    locust -f loadtests/leave.py --host http://127.0.0.1:8080 --credentials credentials.json -u 20 -r 20 -t 60

Each sends GET /me on an open-loop schedule and logs out once. With a plan, that is at a moment within the first half of
its windows; without one, about 20 s after the log-in (seeded, like everything). From then on the client keeps the
credential as it was before the log-out, including cookies that the answer deletes. It goes on sending it on schedule,
and nobody logs in again. The history's checkers measure how long the copy still works (no_use_after_logout).
All options: python loadtests/leave.py --help
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator
from typing import Any

from locust import events, task

from lab_load.conductor import register
from lab_load.operations import Operation
from lab_load.own_help import show_help
from lab_load.plan import Plan, Window
from lab_load.schedule import Arrival, stream
from lab_load.user import LabUser

LOGOUT = Operation("POST", "/logout", status=204, identity=False)
PLAIN_AFTER_S = (15.0, 25.0)
"""When users log out without a plan, counted from their log-in."""

register(events, scenario="leave", operations={"logout": LOGOUT}, mix={"me": 1})


class Leaver(LabUser):
    """Sends GET /me, logs out once, and is copied."""

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self._moment = stream(f"{self.session.settings.seed}:logout", self.number).random()

    @task
    def leave(self) -> None:
        """Send everything that the schedule holds."""
        self.follow()

    def planned(self, window: Window, plan: Plan) -> list[Arrival]:
        """A window's arrivals, with the log-out in the window where it belongs."""
        wanted = super().planned(window, plan)
        first_ns, last_ns = plan.windows[0].start_ns, plan.windows[-1].end_ns
        at_ns = first_ns + int(self._moment * (last_ns - first_ns) / 2)
        # Nothing is sent between two windows: such a log-out is the first request of the next window.
        if window is next(one for one in plan.windows if at_ns < one.end_ns):
            logout = Arrival(max(0, at_ns - window.start_ns), "logout", "")
            wanted.insert(bisect(wanted, logout.at_ns, key=lambda arrival: arrival.at_ns), logout)
        return wanted

    def unplanned(self) -> Iterator[Arrival]:
        """Arrivals without end, including the log-out."""
        least_s, most_s = PLAIN_AFTER_S
        at_ns = int((least_s + self._moment * (most_s - least_s)) * 1e9)
        wanted = super().unplanned()
        for arrival in wanted:
            if arrival.at_ns >= at_ns:
                yield Arrival(at_ns, "logout", "")
                yield arrival
                break
            yield arrival
        yield from wanted

    def act(self, arrival: Arrival, due_ns: int, window: int) -> None:
        """Send one scheduled request. Before the log-out, copy the credential."""
        if arrival.op == "logout":
            self.credential.keep()
            self.login.give_up()
        super().act(arrival, due_ns, window)


if __name__ == "__main__":
    show_help()
