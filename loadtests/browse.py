"""Users who browse: they log in, then send GET /me and read and fill their carts, on an open-loop schedule.

    locust -f loadtests/browse.py --host http://127.0.0.1:8080 --credentials credentials.json -u 50 -r 50

Arrivals are Poisson and do not wait for answers: a slow service gets a queue, not a lighter load. Every request is
recorded (`lab_load/recording.py`); `authlab report` and `authlab compare` read the folder. With --mode jwt the
recording says what it loaded, so that it can be compared with that mode of a run. All options, including those of the
lab: python loadtests/browse.py --help
"""

from __future__ import annotations

from locust import events, task

from lab_load.conductor import register
from lab_load.own_help import show_help
from lab_load.user import LabUser

register(events, scenario="browse")


class Browser(LabUser):
    """Seven of ten requests are GET /me, two read the cart, one adds to it (the plan may say otherwise)."""

    @task
    def browse(self) -> None:
        """Send everything that the schedule holds."""
        self.follow()


if __name__ == "__main__":
    show_help()
