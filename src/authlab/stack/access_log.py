"""Reads the proxy's access log, to find out which part caused a failure: worker, proxy or client."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# nginx lists the attempts of one request: ", " between workers, " : " after an internal redirect.
_BETWEEN_ATTEMPTS = re.compile(r", | : ")


@dataclass(frozen=True)
class Attempt:
    """One worker that the proxy tried. `status` is 0 if it gave none; times are None where nginx has none."""

    address: str
    status: int
    connect_s: float | None
    response_s: float | None


@dataclass(frozen=True)
class AccessLine:
    """One request as the proxy logged it. `unix_s` is when it ended. `attempts` are in order; there are none if nginx
    answered by itself without asking a worker."""

    request_id: str
    unix_s: float
    method: str
    uri: str
    status: int
    bytes_sent: int
    request_time_s: float
    attempts: tuple[Attempt, ...]
    connection: int
    connection_requests: int


def read_access_log(path: Path) -> Iterator[AccessLine]:
    """The lines of an access log, oldest first. A last line that is still being written is left out.

    Raises `ValueError`, with the line's number, for a line that nginx can't have written.
    """
    with path.open(encoding="utf-8", errors="replace") as log:
        for number, line in enumerate(log, 1):
            if not line.endswith("\n"):
                return
            try:
                yield _access_line(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"{path}, line {number} is not a line of this log: {error!r}") from error


def _access_line(seen: dict[str, Any]) -> AccessLine:
    return AccessLine(
        request_id=seen["request_id"],
        unix_s=float(seen["msec"]),
        method=seen["method"],
        uri=seen["uri"],
        status=int(seen["status"]),
        bytes_sent=int(seen["bytes"]),
        request_time_s=float(seen["request_time"]),
        attempts=tuple(_attempts(seen)),
        connection=int(seen["connection"]),
        connection_requests=int(seen["connection_requests"]),
    )


def _attempts(seen: dict[str, Any]) -> Iterator[Attempt]:
    addresses, statuses, connects, responses = (
        _BETWEEN_ATTEMPTS.split(seen[name]) if seen[name] else []
        for name in ("upstream_addr", "upstream_status", "upstream_connect_time", "upstream_response_time")
    )
    for n, address in enumerate(addresses):
        yield Attempt(address, int(_at(statuses, n) or 0), _at(connects, n), _at(responses, n))


def _at(values: list[str], n: int) -> float | None:
    """The nth number of a list; nginx writes "-" for none."""
    return float(values[n]) if n < len(values) and values[n] not in ("", "-") else None
