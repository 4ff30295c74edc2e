"""A worker's name in a container: Docker's own name server knows it."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator

import pytest
from services import in_container

Answer = Callable[[bytes], bytes]


@pytest.fixture
def name_server() -> Iterator[Callable[[Answer], tuple[str, int]]]:
    """A name server on loopback that answers one question, in whatever way it is told."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)
        threads = []

        def start(answer: Answer) -> tuple[str, int]:
            def serve() -> None:
                question, client = server.recvfrom(4096)
                server.sendto(answer(question), client)

            threads.append(threading.Thread(target=serve))
            threads[-1].start()
            host, port = server.getsockname()
            return str(host), int(port)

        yield start
        for thread in threads:
            thread.join()


def record(question: bytes, name: bytes, answers: int = 1) -> bytes:
    """An answer with a PTR record, whose own name is a pointer to the question's (RFC 1035, 4.1.4)."""
    head = question[:2] + struct.pack(">HHHHH", 0x8180, 1, answers, 0, 0)
    return head + question[12:] + b"\xc0\x0c" + struct.pack(">HHIH", 12, 1, 600, len(name)) + name


NAME = b"\x16authlab-redis-worker-2\x13authlab-redis_front\x00"


def test_the_containers_name_is_asked_for_by_its_address(name_server: Callable[[Answer], tuple[str, int]]) -> None:
    asked: list[bytes] = []

    def answer(question: bytes) -> bytes:
        asked.append(question)
        return record(question, NAME)

    name = in_container.reverse_lookup("172.18.0.4", name_server(answer))
    assert name == "authlab-redis-worker-2.authlab-redis_front"
    assert asked[0][12:] == b"\x014\x010\x0218\x03172\x07in-addr\x04arpa\x00" + struct.pack(">HH", 12, 1)


@pytest.mark.parametrize(
    "answer",
    [
        lambda question: record(question, NAME, answers=0),
        lambda question: b"\0\0" + record(question, NAME)[2:],
        lambda question: record(question, NAME)[:-20],
        lambda question: record(question, b"\xc0\x00")[:40] + b"\xc0\x28" * 9,
        lambda question: b"",
    ],
    ids=["no name", "another question's", "cut off", "in circles", "nothing"],
)
def test_an_answer_of_no_use_is_an_error_and_no_crash(
    name_server: Callable[[Answer], tuple[str, int]], answer: Answer
) -> None:
    with pytest.raises(OSError, match=r"name server|Connection refused"):
        in_container.reverse_lookup("172.18.0.4", name_server(answer))


@pytest.mark.parametrize(
    ("full_name", "worker"),
    [
        ("authlab-redis-worker-2.authlab-redis_front", "worker-2"),
        ("authlab-1f2e3d4c-jwt-worker-12.authlab-1f2e3d4c-jwt_front", "worker-12"),
        ("project_worker_3.net", "worker-3"),
        ("lonely.net", "a-host"),
    ],
)
def test_the_worker_is_named_by_service_and_number(
    monkeypatch: pytest.MonkeyPatch, full_name: str, worker: str
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "a-host")
    monkeypatch.setattr(socket, "gethostbyname", lambda _host: "172.18.0.4")
    monkeypatch.setattr(in_container, "reverse_lookup", lambda _address, _server: full_name)
    assert in_container.own_name() == worker


def test_where_no_name_server_knows_us_the_host_name_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_host: str) -> str:
        raise OSError("no such host")

    monkeypatch.setattr(socket, "gethostname", lambda: "a-host")
    monkeypatch.setattr(socket, "gethostbyname", unknown)
    assert in_container.own_name() == "a-host"
