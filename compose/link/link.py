"""The link between the workers and the store: a TCP proxy that can delay, stall and cut the connection.

    python -I link.py --listen 127.0.0.1:7000 --to 127.0.0.1:6379 --control 127.0.0.1:7001
    echo '{"delay_ms": 5}' | python -I link.py --tell 127.0.0.1:7001

The `link` service of compose/redis.yml uses it, and the lab runs it in front of a local store. Standard library only,
IPv4. SIGTERM or SIGINT ends it.

The control port takes one JSON object per line, and answers each with the resulting state:

    {"delay_ms": 5}     delay everything that goes to the store by that long from now on, 0 to 60000
    {"stalled": true}   pass nothing on in either direction; nothing is lost
    {"cut": true}       close all connections and refuse new ones
    {}                  only report the state
    -> {"delay_ms": 5, "stalled": false, "cut": false, "connections": 3, "accepted": 7, "closed_by_cuts": 0,
        "held_bytes": 90, "to_store_bytes": 4711, "from_store_bytes": 9000}, or {"error": "…"}; then nothing was changed

Opening a connection is not delayed, because it ends here. A direction is not read while a MiB waits to be passed on.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import json
import math
import select
import selectors
import signal
import socket
import struct
import sys
from collections import deque
from collections.abc import Callable
from typing import Any, Final

ANSWER_WITHIN_S: Final = 5.0
CHUNK_BYTES: Final = 65536
HELD_AT_MOST_BYTES: Final = 1 << 20
LONGEST_DELAY_MS: Final = 60_000
BACKLOG: Final = 1024
RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)  # SO_LINGER
SWITCHES: Final = ("stalled", "cut")
PR_SET_TIMERSLACK: Final = 29

Address = tuple[str, int]


class PreciseSelector(selectors.DefaultSelector):
    """epoll waits for whole milliseconds only. select(2) waits for microseconds, so it does the waiting."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """See the base class."""
        if timeout is not None and timeout > 0:
            select.select([self], [], [], timeout)
            timeout = 0
        return super().select(timeout)


class Pipe:
    """One direction of a connection. Each piece is passed on at its arrival time plus the delay, in order."""

    def __init__(self, link: Link, source: socket.socket, target: socket.socket, *, to_store: bool) -> None:
        self.held_bytes = 0
        self.has_ended = False
        self._link = link
        self._source = source
        self._target = target
        self._to_store = to_store
        # (arrival, the rest of the piece); an empty piece marks the end
        self._waiting: deque[tuple[float, memoryview]] = deque()
        self._source_ended = False
        self._reads = False
        self._writes = False
        self._timer: asyncio.TimerHandle | None = None
        self._over: Callable[[bool], None] = lambda _broken: None

    def start(self, over: Callable[[bool], None]) -> None:
        """Begin to pass on. At the end `over` is called with whether the connection broke."""
        self._over = over
        self.pump()

    def give_up(self) -> None:
        """Close the connection."""
        self.has_ended = True
        self._rest()

    def pump(self) -> None:
        """Pass on what is due, and wait for the next piece."""
        if self._link.stalled or self.has_ended:
            self._rest()
            return
        due_s, blocked = self._pass_on()
        if self.has_ended:
            return
        self._watch_target(blocked)
        self._watch_source(not self._source_ended and self.held_bytes < HELD_AT_MOST_BYTES)
        self._set_timer(due_s)

    def _pass_on(self) -> tuple[float | None, bool]:
        """When the next piece is due, if one waits; and whether the target accepts no more for now."""
        delay_s = self._link.delay_s if self._to_store else 0.0
        while self._waiting:
            arrival, data = self._waiting[0]
            if delay_s and arrival + delay_s > self._link.loop.time():
                return arrival + delay_s, False
            if not data:
                self._end()
                break
            try:
                sent = self._target.send(data)
            except BlockingIOError:
                return None, True
            except OSError:
                self._over(True)
                break
            self._count(sent)
            if sent < len(data):
                self._waiting[0] = (arrival, data[sent:])
                return None, True
            self._waiting.popleft()
        return None, False

    def _rest(self) -> None:
        """Stop waiting. Held pieces stay."""
        self._set_timer(None)
        self._watch_source(False)
        self._watch_target(False)

    def _set_timer(self, when: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if when is None else self._link.loop.call_at(when, self.pump)

    def _read(self) -> None:
        try:
            data = self._source.recv(CHUNK_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self._over(True)
            return
        self._source_ended = not data
        self._waiting.append((self._link.loop.time(), memoryview(data)))
        self.held_bytes += len(data)
        if self._timer is None and not self._writes:
            self.pump()
        elif self._source_ended or self.held_bytes >= HELD_AT_MOST_BYTES:
            self._watch_source(False)

    def _count(self, sent: int) -> None:
        self.held_bytes -= sent
        if self._to_store:
            self._link.to_store_bytes += sent
        else:
            self._link.from_store_bytes += sent

    def _end(self) -> None:
        self.has_ended = True
        self._rest()
        try:
            self._target.shutdown(socket.SHUT_WR)
        except OSError:
            self._over(True)
        else:
            self._over(False)

    def _watch_source(self, wanted: bool) -> None:
        if wanted != self._reads:
            self._reads = wanted
            if wanted:
                self._link.loop.add_reader(self._source, self._read)
            else:
                self._link.loop.remove_reader(self._source)

    def _watch_target(self, wanted: bool) -> None:
        if wanted != self._writes:
            self._writes = wanted
            if wanted:
                self._link.loop.add_writer(self._target, self.pump)
            else:
                self._link.loop.remove_writer(self._target)


class Connection:
    """A worker's connection, and its own connection to the store."""

    def __init__(self, link: Link, worker: socket.socket) -> None:
        self.pipes: list[Pipe] = []
        self._link = link
        self._worker = prepared(worker)
        self._store: socket.socket | None = None
        self._opening = link.loop.create_task(self._open())

    async def _open(self) -> None:
        try:
            store = self._store = await self._connected()
        except OSError:
            self.close(reset=True)  # as a store that is away would do
            return
        self.pipes = [
            Pipe(self._link, self._worker, store, to_store=True),
            Pipe(self._link, store, self._worker, to_store=False),
        ]
        for pipe in self.pipes:
            pipe.start(self._over)

    async def _connected(self) -> socket.socket:
        store = prepared(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        try:
            await self._link.loop.sock_connect(store, self._link.to)
        except BaseException:
            store.close()
            raise
        return store

    def close(self, *, reset: bool) -> None:
        """Close both, and drop what is held."""
        self._link.connections.discard(self)
        self._opening.cancel()
        for pipe in self.pipes:
            pipe.give_up()
        for side in (self._worker, self._store):
            if side is not None:
                if reset:
                    side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
                side.close()

    def _over(self, broken: bool) -> None:
        if broken or all(pipe.has_ended for pipe in self.pipes):
            self.close(reset=broken)


class Link:
    """Listens at `listen` and passes on to `to`, with the delay, stall or cut that is set."""

    def __init__(self, loop: asyncio.AbstractEventLoop, listen: Address, to: Address) -> None:
        self.loop = loop
        self.to = to
        self.delay_s = 0.0
        self.stalled = False
        self.connections: set[Connection] = set()
        self.to_store_bytes = 0
        self.from_store_bytes = 0
        self._listen = listen
        self._listener: socket.socket | None = None
        self._accepted = 0
        self._closed_by_cuts = 0

    def open(self) -> None:
        """Listen. Raises OSError if the address is taken."""
        if self._listener is None:
            listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            try:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.setblocking(False)
                listener.bind(self._listen)
                listener.listen(BACKLOG)
            except OSError:
                listener.close()
                raise
            self._listener = listener
            self.loop.add_reader(listener, self._accept)

    def close(self) -> None:
        """Stop listening, and close all connections."""
        if self._listener is not None:
            self.loop.remove_reader(self._listener)
            self._listener.close()
            self._listener = None
        self._closed_by_cuts += len(self.connections)
        for connection in list(self.connections):
            connection.close(reset=True)

    def apply(self, wish: dict[str, Any]) -> dict[str, Any]:
        """Apply a request and return the resulting state. Raises as `check` does, and OSError if it can't listen
        again."""
        check(wish)
        self.delay_s = wish.get("delay_ms", self.delay_s * 1000) / 1000
        self.stalled = wish.get("stalled", self.stalled)
        if "cut" in wish:
            if wish["cut"]:
                self.close()
            else:
                self.open()
        for pipe in self._pipes():
            pipe.pump()
        return self.state()

    def state(self) -> dict[str, Any]:
        """The current settings and counts."""
        return {
            "delay_ms": self.delay_s * 1000,
            "stalled": self.stalled,
            "cut": self._listener is None,
            "connections": len(self.connections),
            "accepted": self._accepted,
            "closed_by_cuts": self._closed_by_cuts,
            "held_bytes": sum(pipe.held_bytes for pipe in self._pipes()),
            "to_store_bytes": self.to_store_bytes,
            "from_store_bytes": self.from_store_bytes,
        }

    def _pipes(self) -> list[Pipe]:
        return [pipe for connection in list(self.connections) for pipe in connection.pipes]

    def _accept(self) -> None:
        assert self._listener is not None  # noqa: S101 - for the type checker
        try:
            worker, _ = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        self._accepted += 1
        self.connections.add(Connection(self, worker))


def check(wish: Any) -> None:
    """Raise `TypeError` or `ValueError`, with all problems, if the request is not valid."""
    if not isinstance(wish, dict):
        raise TypeError("a request must be a JSON object")
    problems = [f"unknown setting: {name!r}" for name in wish if name not in ("delay_ms", *SWITCHES)]
    problems += [f"{name} must be true or false, not {wish[name]!r}" for name in SWITCHES if not is_switch(wish, name)]
    delay = wish.get("delay_ms", 0)
    is_number = isinstance(delay, int | float) and not isinstance(delay, bool) and math.isfinite(delay)
    if not (is_number and 0 <= delay <= LONGEST_DELAY_MS):
        problems.append(f"delay_ms must be 0 to {LONGEST_DELAY_MS}, not {delay!r}")
    if problems:
        raise ValueError("; ".join(problems))


def is_switch(wish: dict[str, Any], name: str) -> bool:
    """Whether the switch is missing, or true or false."""
    return name not in wish or isinstance(wish[name], bool)


def prepared(side: socket.socket) -> socket.socket:
    """Never block, and never wait to collect more data before sending."""
    side.setblocking(False)
    side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return side


async def serve(link: Link, control: Address) -> None:
    """Serve until a signal ends it. Raises OSError if an address is taken."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(answer(link, line)).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):
            pass  # the client is gone, or its line has no end
        finally:
            writer.close()

    over = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        link.loop.add_signal_handler(sign, over.set)
    link.open()
    server = await asyncio.start_server(converse, *control)
    await over.wait()
    server.close()
    link.close()


def answer(link: Link, line: bytes) -> dict[str, Any]:
    """The answer to one line on the control port."""
    try:
        return link.apply(json.loads(line))
    except (TypeError, ValueError, OSError) as error:
        return {"error": str(error)}


def wake_in_time() -> None:
    """Linux wakes waiting processes up to 50 µs late, to wake several at once. Turn that off here."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, ctypes.c_ulong(1), 0, 0, 0)


def address(text: str) -> Address:
    """("redis", 6379) for "redis:6379"."""
    host, _, port = text.rpartition(":")
    if not (host and port.isdecimal() and 0 < int(port) < 65536):
        raise argparse.ArgumentTypeError(f"an address must be HOST:PORT, not {text!r}")
    return host, int(port)


def tell(control: Address) -> None:
    """Send standard input to a running link, and print its answers. Raises OSError if none is running."""
    with socket.create_connection(control, ANSWER_WITHIN_S) as connection, connection.makefile("rwb", 0) as link:
        for line in sys.stdin.buffer:
            link.write(line.rstrip(b"\n") + b"\n")
            print(link.readline().decode(), end="")


def main() -> int:
    """Run until a signal ends it. Returns 1 if an address is taken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--listen", type=address, metavar="HOST:PORT", help="where the workers connect")
    parser.add_argument("--to", type=address, metavar="HOST:PORT", help="the store")
    parser.add_argument("--control", type=address, metavar="HOST:PORT", help="where it takes commands")
    parser.add_argument("--tell", type=address, metavar="HOST:PORT", help="send standard input to a running link")
    options = parser.parse_args()
    if options.tell is None and None in (options.listen, options.to, options.control):
        parser.error("give --listen, --to and --control, or --tell")

    async def run() -> None:
        await serve(Link(asyncio.get_running_loop(), options.listen, options.to), options.control)

    try:
        if options.tell is not None:
            tell(options.tell)
            return 0
        wake_in_time()
        with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(PreciseSelector())) as runner:
            runner.run(run())
    except OSError as error:
        print(f"link: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
