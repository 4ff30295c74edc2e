"""What stands between a service and its store in tests, and can fail."""

from __future__ import annotations

import socket
import threading
import time


class Gate:
    """Stands in front of the store: lets everything through, answers nothing, or is not there.

    `behind` is the store's port. Another one holds for new connections, as after a fail-over.
    """

    def __init__(self, port: int) -> None:
        self.behind = port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self.silent = False
        self.lose_next_reply = False
        self.delay_s = 0.0
        self._open: list[socket.socket] = []
        self._closed = False
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self) -> None:
        """Close every connection."""
        for end in self._open:
            end.close()
        self._open.clear()

    def close(self) -> None:
        """Be gone: connections are refused from now on."""
        if self._closed:
            return
        self._closed = True
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _serve(self) -> None:
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.behind))
            self._open += [client, server]
            threading.Thread(target=self._pump, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, True), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, is_reply: bool) -> None:
        try:
            while received := source.recv(65536):
                # what is lost is a session, not a line of the handshake (which Redis before 7.2 answers with -ERR)
                if is_reply and self.lose_next_reply and received.startswith(b"$"):
                    self.lose_next_reply = False
                    sink.shutdown(socket.SHUT_RDWR)
                elif not self.silent:
                    time.sleep(self.delay_s if is_reply else 0)
                    sink.sendall(received)
        except OSError:
            return
        finally:
            for end in (source, sink):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue
