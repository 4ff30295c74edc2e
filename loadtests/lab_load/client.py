"""Locust's own client, with timestamps close to the socket.

`FastHttpUser` keeps its client, so statistics, web page and `--csv` work as usual. Only the agent below it, which does
the I/O, is replaced. It takes two timestamps of CLOCK_MONOTONIC. `sent_ns` is when the request is ready and goes to the
socket; opening a new connection comes after it, because a user would wait for that, too. `done_ns` is when the last
byte of the answer was read and parsed. Neither includes Locust's work around them (URLs, contexts, statistics), so that
is not counted as the service's time.

It does not parse URLs again, keeps no cookie jar, follows no redirects and does not repeat a request: one call is
one request. (geventhttpclient sends a GET again when a kept connection turns out to be closed before any
byte of the answer; both tries carry one request id and count as one sample.)
"""

from __future__ import annotations

import time
from typing import Any

from geventhttpclient.client import HTTPClient
from locust.contrib.fasthttp import FastRequest, FastResponse, LocustUserAgent, insecure_ssl_context_factory

from lab_load.site import Site


class _StampedClient(HTTPClient):
    """An HTTP client that records when it began to send."""

    sent_ns = 0

    def _build_request(self, *args: Any, **kwargs: Any) -> str:
        text: str = super()._build_request(*args, **kwargs)
        self.sent_ns = time.monotonic_ns()
        return text


class TimedAgent(LocustUserAgent):
    """The agent of one user. `sent_ns` and `done_ns` belong to its latest request."""

    def __init__(self, site: Site, timeout_s: float) -> None:
        super().__init__(max_retries=0, max_redirects=0, cookiejar=None)
        self._http = _StampedClient(
            site.host,
            port=site.port,
            ssl=site.scheme == "https",
            insecure=True,  # as FastHttpUser: a lab has its own certificates
            ssl_context_factory=insecure_ssl_context_factory,
            connection_timeout=timeout_s,
            network_timeout=timeout_s,
            concurrency=1,
        )
        self._strip = len(site.origin)
        self.sent_ns = 0
        self.done_ns = 0

    def urlopen(  # type: ignore[override]  # Locust passes only these
        self, url: str, method: str = "GET", payload: Any = None, headers: Any = None, **_: Any
    ) -> FastResponse:
        """Send one request, read the whole answer. Raises socket errors, and `LocustBadStatusCode` from 400 on."""
        http = self._http
        http.sent_ns = time.monotonic_ns()
        try:
            raw = http.request(method, url[self._strip :], body=payload, headers=headers)
            response = FastResponse(raw, sent_request=raw._sent_request)
            response.content  # noqa: B018 - reading it is the point: the last byte is what `done` waits for
        finally:
            self.done_ns = time.monotonic_ns()
            self.sent_ns = http.sent_ns
        response.request = _Asked(url, method, headers, payload)
        try:
            self._verify_status(response.status_code, url=url)  # type: ignore[no-untyped-call]
        except Exception as error:
            error.response = response  # type: ignore[attr-defined]  # where Locust looks for it
            raise
        return response

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


class _Asked(FastRequest):
    """The request, for code that reads `response.request`, without the URL parsing of its base class."""

    def __init__(self, url: str, method: str, headers: Any, payload: Any) -> None:
        self.url, self.method, self.headers, self.payload = url, method, headers, payload
