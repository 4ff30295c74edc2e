"""The link in front of a real store: exact delays, order, stalls that lose nothing, cuts that refuse, and its end."""

from __future__ import annotations

import json
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from authlab.host.content import content_root
from authlab.host.ports import free_port
from authlab.host.processes import Guardian, Process
from authlab.model.errors import LabError
from authlab.stack import link, store_server
from authlab.stack.capabilities import Link
from authlab.stack.link import ControlledLink
from authlab.stack.programs import find_store_server

pytestmark = pytest.mark.stack

PASSWORD = "hunter2"
WITHIN_S = 20.0
LATE_MS = 1.5
"""How late a piece may be in the median, 0.15 ms where nothing else runs: others' tests run beside this one."""


@dataclass
class Place:
    """A store and a link in front of it."""

    store: int
    port: int
    control: int
    process: Process

    @property
    def link(self) -> ControlledLink:
        return ControlledLink("127.0.0.1", self.port, self.control, PASSWORD)

    def connected(self, port: int | None = None) -> socket.socket:
        """A connection through the link that has given the password."""
        connection = socket.create_connection(("127.0.0.1", self.port if port is None else port), 5)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(f"AUTH {PASSWORD}\r\n".encode())
        assert connection.recv(100) == b"+OK\r\n"
        return connection


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Up for all tests of this file; each leaves the link as it found it."""
    folder = tmp_path_factory.mktemp("link")
    with Guardian() as guardian, free_port() as store, free_port() as port, free_port() as control:
        store_server.prepare(folder / "store", port=store.number, password=PASSWORD)
        store_server.start(guardian, find_store_server(), folder / "store", folder / "store.log")
        log = folder / "link.log"
        process = link.start(guardian, port=port.number, control=control.number, store=store.number, log=log)
        until(lambda: store_server.why_not_ready(port.number, PASSWORD, 1) is None, "the store through the link")
        yield Place(store.number, port.number, control.number, process)
        assert log.read_text() == "", "the link has nothing to complain of"


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {WITHIN_S} s"
        time.sleep(0.01)


def ping_ms(connection: socket.socket) -> float:
    begun = time.perf_counter()
    connection.sendall(b"PING\r\n")
    assert connection.recv(100) == b"+PONG\r\n"
    return (time.perf_counter() - begun) * 1000


def read_lines(connection: socket.socket, lines: int) -> list[bytes]:
    answer = b""
    while answer.count(b"\r\n") < lines:
        received = connection.recv(1 << 16)
        assert received, "closed"
        answer += received
    return answer.split(b"\r\n")[:-1]


def test_a_controlled_link_is_a_link(place: Place) -> None:
    as_protocol: Link = place.link
    assert 0 < as_protocol.round_trip_ms() < 50


def test_without_a_delay_it_costs_little(place: Place) -> None:
    with place.connected(place.store) as direct, place.connected() as linked:
        pairs = [(ping_ms(direct), ping_ms(linked)) for _ in range(2000)]
    cost = statistics.median(through for _, through in pairs) - statistics.median(bare for bare, _ in pairs)
    assert cost < 0.15, f"{cost:.3f} ms"  # 0.05 ms on two cores


@pytest.mark.parametrize("delay_ms", [0.5, 2.3, 10.0])
def test_a_delay_holds_old_and_new_connections_back_by_just_that(place: Place, delay_ms: float) -> None:
    with place.connected() as old:
        before = statistics.median(ping_ms(old) for _ in range(200))
        place.link.delay(delay_ms)
        try:
            with place.connected() as new:
                for connection in (old, new):
                    took = [ping_ms(connection) - before for _ in range(60)]
                    assert min(took) > delay_ms - before - 0.05, "never early"
                    assert min(took) < delay_ms + 0.5
                    assert delay_ms - 0.05 < statistics.median(took) < delay_ms + LATE_MS
                assert delay_ms < place.link.round_trip_ms() < delay_ms + before + 30  # of five alone
        finally:
            place.link.delay(0)
        assert min(ping_ms(old) for _ in range(100)) < before + 0.4


def test_a_delay_keeps_the_pipeline_and_its_order(place: Place) -> None:
    place.link.delay(50)
    try:
        with place.connected() as connection:
            begun = time.monotonic()
            for number in range(40):
                connection.sendall(f"ECHO {number}\r\n".encode())
                time.sleep(0.001)
            answers = read_lines(connection, 80)[1::2]
            took = time.monotonic() - begun
    finally:
        place.link.delay(0)
    assert answers == [str(number).encode() for number in range(40)]
    assert took < 0.5, "they wait side by side, not one after the other"


def test_what_is_held_passes_at_once_when_the_delay_is_taken_out(place: Place) -> None:
    with place.connected() as connection:
        place.link.delay(30_000)
        connection.sendall(b"PING\r\n")
        until(lambda: place.link.state()["held_bytes"] == 6, "the link's holding the PING")
        begun = time.monotonic()
        place.link.delay(0)
        assert connection.recv(100) == b"+PONG\r\n"
        assert time.monotonic() - begun < 5


def test_a_stall_passes_nothing_in_either_direction_and_loses_nothing(place: Place) -> None:
    amount = 8 << 20  # more than the link and the kernel hold
    value = b"x" * amount
    with place.connected() as asking, place.connected() as setting:
        asking.settimeout(0.3)
        place.link.stall(True)
        try:
            asking.sendall(b"PING\r\n")
            with pytest.raises(TimeoutError):
                asking.recv(100)
            with pytest.raises(LabError, match="does not answer through the link"):
                ControlledLinkInHaste(place).round_trip_ms()
            setting.setblocking(False)
            request = b"*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$%d\r\n%s\r\n" % (amount, value)
            sent = fill(setting, request)
            assert sent < amount, "the link has read no further"
            assert place.link.state()["held_bytes"] < 2 << 20
        finally:
            place.link.stall(False)
        setting.setblocking(True)
        setting.settimeout(WITHIN_S)
        setting.sendall(request[sent:])
        assert read_lines(setting, 1) == [b"+OK"]
        asking.settimeout(WITHIN_S)
        assert asking.recv(100) == b"+PONG\r\n"
        setting.sendall(b"GET big\r\n")
        assert read_lines(setting, 2)[1] == value
        setting.sendall(b"DEL big\r\n")


def fill(connection: socket.socket, data: bytes) -> int:
    """Send what can be sent while nobody takes it; how much that was."""
    sent, quiet_since = 0, time.monotonic()
    while sent < len(data) and time.monotonic() < quiet_since + 0.3:
        try:
            sent += connection.send(data[sent : sent + 65536])
            quiet_since = time.monotonic()
        except BlockingIOError:
            time.sleep(0.01)
    return sent


class ControlledLinkInHaste(ControlledLink):
    """Waits half a second where the real one waits five."""

    def __init__(self, place: Place) -> None:
        super().__init__("127.0.0.1", place.port, place.control, PASSWORD)

    def round_trip_ms(self) -> float:
        before, link._ANSWER_WITHIN_S = link._ANSWER_WITHIN_S, 0.5
        try:
            return super().round_trip_ms()
        finally:
            link._ANSWER_WITHIN_S = before


def test_a_cut_closes_what_is_open_and_refuses_what_is_new_until_it_is_taken_back(place: Place) -> None:
    with place.connected() as before:
        cuts = place.link.state()["closed_by_cuts"]
        place.link.cut(True)
        try:
            with pytest.raises(ConnectionResetError):
                before.recv(100)
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", place.port), 5)
            with pytest.raises(LabError, match="refused"):
                place.link.round_trip_ms()
            assert place.link.state()["closed_by_cuts"] == cuts + 1
        finally:
            place.link.cut(False)
        with place.connected() as after:
            assert ping_ms(after) < 1000
        place.link.cut(False)  # harmless where it is not


def test_a_connection_that_one_side_closes_is_closed_on_the_other(place: Place) -> None:
    with place.connected() as connection:
        until(lambda: place.link.state()["connections"] == 1, "the others' closing")
        connection.sendall(b"QUIT\r\n")
        assert read_lines(connection, 1) == [b"+OK"]
        assert connection.recv(100) == b""
    until(lambda: place.link.state()["connections"] == 0, "its closing")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b'{"delay_ms": -1, "cut": 1}', "cut must be true or false, not 1; delay_ms must be 0 to 60000, not -1"),
        (b'{"delay": 1}', "unknown setting: 'delay'"),
        (b'{"delay_ms": NaN}', "delay_ms must be 0 to 60000, not nan"),
        (b"[]", "a request must be a JSON object"),
        (b"delay", "Expecting value"),
    ],
)
def test_what_it_does_not_understand_changes_nothing(place: Place, said: bytes, why: str) -> None:
    with socket.create_connection(("127.0.0.1", place.control), 5) as connection:
        connection.sendall(said + b"\n")
        assert why in json.loads(read_lines_of(connection))["error"]
        connection.sendall(b"{}\n")
        state = json.loads(read_lines_of(connection))
    assert (state["delay_ms"], state["stalled"], state["cut"]) == (0, False, False)


def read_lines_of(connection: socket.socket) -> bytes:
    answer = b""
    while not answer.endswith(b"\n"):
        answer += connection.recv(4096)
    return answer


def test_a_wish_that_can_not_be_is_told(place: Place) -> None:
    with pytest.raises(LabError, match="refused"):
        place.link.delay(-1)


def test_with_the_store_away_a_connection_is_reset(guardian: Guardian, tmp_path: Path) -> None:
    with free_port() as nobody, free_port() as port, free_port() as control:
        log = tmp_path / "link.log"
        link.start(guardian, port=port.number, control=control.number, store=nobody.number, log=log)
        there = ControlledLink("127.0.0.1", port.number, control.number, PASSWORD)
        until(lambda: answers(there), "the link's start")
        with pytest.raises(ConnectionResetError):  # on a busy machine before the connection is ours
            _connect_and_read(port.number)


def _connect_and_read(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.settimeout(5)
        return connection.recv(1)


def answers(there: ControlledLink) -> bool:
    try:
        there.state()
    except LabError:
        return False
    return True


def test_it_ends_at_sigterm_with_whatever_it_holds(guardian: Guardian, place: Place, tmp_path: Path) -> None:
    with free_port() as port, free_port() as control:
        log = tmp_path / "link.log"
        process = link.start(guardian, port=port.number, control=control.number, store=place.store, log=log)
        there = ControlledLink("127.0.0.1", port.number, control.number, PASSWORD)
        until(lambda: answers(there), "the link's start")
        second = Place(place.store, port.number, control.number, process)
        with second.connected() as connection:
            there.delay(10_000)
            connection.sendall(b"PING\r\n")
            until(lambda: there.state()["held_bytes"] > 0, "the link's holding the PING")
            there.stall(True)
            begun = time.monotonic()
            assert process.stop(sig=signal.SIGTERM, within_s=10) == 0
            assert time.monotonic() - begun < 5
            with pytest.raises(ConnectionResetError):
                connection.recv(1)
    assert log.read_text() == ""


def test_an_address_that_is_taken_is_told(guardian: Guardian, place: Place, tmp_path: Path) -> None:
    log = tmp_path / "link.log"
    taken = place.store
    process = link.start(guardian, port=taken, control=place.control, store=taken, log=log)
    assert process.wait(WITHIN_S) == 1
    assert "already in use" in log.read_text()
    assert "Traceback" not in log.read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_an_idle_link_uses_no_processor(place: Place) -> None:
    with place.connected():
        stat = Path(f"/proc/{place.process.pid}/stat")
        before = stat.read_text().split()[13:15]
        time.sleep(0.5)
        used = sum(map(int, stat.read_text().split()[13:15])) - sum(map(int, before))
    assert used <= 1, "in hundredths of a second"


def test_it_is_told_by_hand(place: Place) -> None:
    program = [sys.executable, "-I", str(content_root() / "compose" / "link" / "link.py"), "--tell"]

    def told(said: str, control: int) -> subprocess.CompletedProcess[str]:
        command = [*program, f"127.0.0.1:{control}"]
        return subprocess.run(command, input=said, capture_output=True, text=True, timeout=WITHIN_S, check=False)

    done = told('{"delay_ms": 7}\n{"delay_ms": 0}', place.control)
    assert [json.loads(line)["delay_ms"] for line in done.stdout.splitlines()] == [7, 0]
    assert (done.returncode, done.stderr) == (0, "")
    with free_port() as nobody:
        done = told("{}", nobody.number)
    assert done.returncode == 1
    assert "refused" in done.stderr
    assert subprocess.run(program[:3], capture_output=True, timeout=WITHIN_S, check=False).returncode == 2
