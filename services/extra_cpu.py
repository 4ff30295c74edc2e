"""A planted cost: CPU time that every request burns before it is answered.

It exists to test instruments: whoever measures CPU per request must find what was added here, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from time import thread_time_ns
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class ExtraCpu:
    """WSGI middleware that burns `extra_us` microseconds of its thread's CPU time per request."""

    def __init__(self, app: WSGIApplication, extra_us: int) -> None:
        self._app = app
        self._extra_ns = extra_us * 1000

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The application's answer, after the CPU time was used."""
        # The thread's own clock stands still while another thread or program has the core. A number of loops would
        # cost another time on each machine, and another one when its clock rate changes.
        until = thread_time_ns() + self._extra_ns
        while thread_time_ns() < until:
            pass
        return self._app(environ, start_response)
