"""Free loopback ports, reserved so that no other program gets them before the intended one."""

from __future__ import annotations

import socket
import sys
from types import TracebackType
from typing import Self

from authlab.model.errors import Unavailable

LOOPBACK = "127.0.0.1"
_LINUX = sys.platform == "linux"


class ReservedPort:
    """A loopback port that is ours until `release`.

    On Linux a bound socket that does not listen reserves the port. The kernel does not choose it as an ephemeral port,
    and another exclusive bind fails. A server that sets SO_REUSEADDR (nginx, gunicorn and Redis do) can still bind and
    listen, again and again after crashes. Elsewhere a second bind is not allowed. The port is then released at once,
    and another program can take it: whoever starts a server must be ready to try another port.
    """

    def __init__(self, number: int, holder: socket.socket | None) -> None:
        self.number = number
        self._holder = holder

    def release(self) -> None:
        """Give the port back. Harmless when done twice."""
        if self._holder is not None:
            self._holder.close()
            self._holder = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def free_port() -> ReservedPort:
    """A free port, chosen by the system."""
    # Bound without SO_REUSEADDR: the system then never gives us a port that another lab has reserved.
    return _hold(0, shared_from_the_start=False)


def this_port(number: int) -> ReservedPort:
    """The given port. Raises `Unavailable` if something listens on it or it is not ours to use."""
    try:
        # SO_REUSEADDR before the bind, so that connections of an earlier run in TIME_WAIT do not prevent it
        return _hold(number, shared_from_the_start=True)
    except PermissionError as error:
        raise Unavailable(
            f"port {number} may not be used: ports below 1024 are the system's. Choose another."
        ) from error
    except OSError as error:
        raise Unavailable(
            f"port {number} on {LOOPBACK} is in use ({error.strerror}). Stop what listens there or choose another port."
        ) from error


def _hold(number: int, *, shared_from_the_start: bool) -> ReservedPort:
    holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if shared_from_the_start:
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((LOOPBACK, number))
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        number = int(holder.getsockname()[1])
    except OSError:
        holder.close()
        raise
    if not _LINUX:
        holder.close()
        return ReservedPort(number, None)
    return ReservedPort(number, holder)
