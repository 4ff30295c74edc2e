"""How a worker starts in a container: it asks Docker's name server for its name, then becomes gunicorn.

Compose numbers the containers of a service (`authlab-redis-worker-2`), but the container itself only knows a random
host name. People, logs and reports need the number, and it stays the same after a restart.
"""

from __future__ import annotations

import os
import re
import secrets
import socket
import struct
from typing import Final, NoReturn

DOCKER_DNS: Final = ("127.0.0.11", 53)
TIMEOUT_S: Final = 0.5

_PTR: Final = 12  # RFC 1035, 3.2.2
_INTERNET: Final = 1
_COMPOSE_NAME: Final = re.compile(r"[-_]([a-z][a-z0-9]*)[-_](\d+)$")


def main() -> NoReturn:
    """Never returns: this process becomes gunicorn."""
    environment = dict(os.environ)
    if not environment.get("AUTHLAB_WORKER"):
        environment["AUTHLAB_WORKER"] = own_name()
    os.execvpe("gunicorn", ["gunicorn", "-c", "services/gunicorn_conf.py", "services.wsgi:app"], environment)  # noqa: S606


def own_name() -> str:
    """`worker-2` under Compose, the host name elsewhere."""
    host = socket.gethostname()
    try:
        full_name = reverse_lookup(socket.gethostbyname(host), DOCKER_DNS)
    except OSError:
        return host
    numbered = _COMPOSE_NAME.search(full_name.partition(".")[0])
    return f"{numbered[1]}-{numbered[2]}" if numbered else host


def reverse_lookup(address: str, server: tuple[str, int]) -> str:
    """The name of an IPv4 `address`, from `server` itself. The system's resolver would read /etc/hosts first, which
    has the host name. Raises `OSError` if there is no useful answer within `TIMEOUT_S`."""
    number = secrets.randbits(16)
    question = _labels([*reversed(address.split(".")), "in-addr", "arpa"]) + struct.pack(">HH", _PTR, _INTERNET)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(TIMEOUT_S)
        asking.connect(server)
        asking.send(struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 0) + question)
        answer = asking.recv(4096)
    try:
        return _first_name(answer, number, 12 + len(question))
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise OSError(f"the name server's answer is damaged: {error}") from error


def _first_name(answer: bytes, number: int, at: int) -> str:
    """The name in the first record of an answer, whose records begin at `at`."""
    answered, _flags, _questions, records = struct.unpack_from(">HHHH", answer)
    if answered != number or not records:
        raise OSError("the name server knows no name for this address")
    at = _name_at(answer, at)[1]
    return _name_at(answer, at + 10)[0]  # after type, class, time to live and length: RFC 1035, 4.1.3


def _name_at(message: bytes, at: int) -> tuple[str, int]:
    """The name at `at` in the message, and the place after it (RFC 1035, 4.1.4: a name may end in a pointer)."""
    labels: list[str] = []
    behind = 0
    for _ in range(128):
        length = message[at]
        if length >= 0xC0:
            behind = behind or at + 2
            at = (length & 0x3F) << 8 | message[at + 1]
        elif length == 0:
            return ".".join(labels), behind or at + 1
        else:
            labels.append(message[at + 1 : at + 1 + length].decode("ascii"))
            at += 1 + length
    raise OSError("the name server's answer has a loop of pointers")


def _labels(parts: list[str]) -> bytes:
    return b"".join(bytes([len(part)]) + part.encode("ascii") for part in parts) + b"\0"


if __name__ == "__main__":
    main()
