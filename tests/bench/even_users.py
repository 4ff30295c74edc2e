"""A Locust file for fidelity.py: the lab's own users and recorder, with arrivals at equal gaps over all users.

So does k6's constant-arrival-rate. Poisson arrivals, which the lab has otherwise, queue behind each other more often.
"""

from __future__ import annotations

from locust import events, task

from lab_load.conductor import register
from lab_load.plan import Plan, Window
from lab_load.schedule import Arrival
from lab_load.user import LabUser

register(events, scenario="even_users")


class Even(LabUser):
    """Every user sends each n-th of the requests."""

    @task
    def send(self) -> None:
        """Send everything that the schedule holds."""
        self.follow()

    def planned(self, window: Window, plan: Plan) -> list[Arrival]:
        """GET /me, each n-th of `rate_rps` requests a second, n users."""
        gap_ns, users = 1e9 / window.rate_rps, plan.users
        last = int((window.end_ns - window.start_ns) / gap_ns)
        return [Arrival(int(at * gap_ns), "me", "") for at in range(self.number, last, users)]
