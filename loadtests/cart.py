"""Users who fill one cart together: two of them (`--sharers`) share each log-in, as two tabs of a browser do.

    locust -f loadtests/cart.py --host http://127.0.0.1:8080 --credentials credentials.json -u 20 -r 20 --rate 200

Each keeps to a schedule of its own, so that their writes overlap. Where the server keeps the cart, all of them count;
where it travels in a token, the answer that comes last wins, and what the other one wrote is gone. An answer here is
not held against what was written before: others write too. That is what the history's checkers do (no_lost_update):
in the recording, the users of one log-in have one number. All options: python loadtests/cart.py --help
"""

from __future__ import annotations

from locust import events, task

from lab_load.conductor import register
from lab_load.own_help import show_help
from lab_load.user import LabUser

register(events, scenario="cart", mix={"add": 0.6, "cart": 0.4}, sharers=2)


class Writer(LabUser):
    """Six in ten requests add to the cart, four read it."""

    @task
    def write(self) -> None:
        """Send all that the schedule holds."""
        self.follow()


if __name__ == "__main__":
    show_help()
