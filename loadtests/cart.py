"""Users who fill one cart together: two of them (`--sharers`) share each log-in, like two tabs of a browser.

    locust -f loadtests/cart.py --host http://127.0.0.1:8080 --credentials credentials.json -u 20 -r 20 --rate 200

Each user has its own schedule, so their writes overlap. If the server keeps the cart, all writes count. If the cart is
in a token, the last answer wins and the other write is lost. The load does not compare an answer with earlier writes,
because others write too. The history's checkers do that (no_lost_update): in the recording, the users of one log-in
have one number. All options: python loadtests/cart.py --help
"""

from __future__ import annotations

from locust import events, task

from lab_load.conductor import register
from lab_load.own_help import show_help
from lab_load.user import LabUser

register(events, scenario="cart", mix={"add": 0.6, "cart": 0.4}, sharers=2)


class Writer(LabUser):
    """Six of ten requests add to the cart, four read it."""

    @task
    def write(self) -> None:
        """Send everything that the schedule holds."""
        self.follow()


if __name__ == "__main__":
    show_help()
