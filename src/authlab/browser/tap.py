"""A tap on the wire: forwards connections to a loopback port and keeps every byte that the client sent."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self

from authlab.host.ports import LOOPBACK

_CHUNK = 65536


class Tap:
    """Is between client and proxy, like an eavesdropper. A context manager; `port` is where it listens."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._lock = threading.Lock()
        self._sent = bytearray()
        self._open: list[socket.socket] = []
        self._server = socket.create_server((LOOPBACK, 0))
        self.port: int = self._server.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, name="tap", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        with self._lock:
            for end in self._open:
                with contextlib.suppress(OSError):
                    end.close()

    def heard(self) -> bytes:
        """Every byte that clients sent so far."""
        with self._lock:
            return bytes(self._sent)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
                proxy = socket.create_connection((LOOPBACK, self._target), 5.0)
            except OSError:
                return
            proxy.settimeout(None)
            with self._lock:
                self._open += [client, proxy]
            for source, sink, listen in ((client, proxy, True), (proxy, client, False)):
                threading.Thread(target=self._pass_on, args=(source, sink, listen), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, listen: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK):
                if listen:
                    with self._lock:
                        self._sent += data
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
