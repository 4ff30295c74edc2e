"""Loopback ports that are reserved for a program to come."""

from __future__ import annotations

import socket
import sys

import pytest

from authlab.host.ports import LOOPBACK, ReservedPort, free_port, this_port
from authlab.model.errors import Unavailable

linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a port can't be held for somebody else")


def serve(port: ReservedPort) -> socket.socket:
    """Listen as nginx, gunicorn and Redis do: with SO_REUSEADDR."""
    return socket.create_server((LOOPBACK, port.number))


def test_a_server_may_listen_on_its_reserved_port_again_and_again() -> None:
    with free_port() as port:
        for _ in range(2):
            with serve(port), socket.create_connection((LOOPBACK, port.number), 5):
                pass


def test_nobody_answers_on_a_reserved_port_without_a_server() -> None:
    with free_port() as port, pytest.raises(ConnectionRefusedError):
        socket.create_connection((LOOPBACK, port.number), 5)


@linux
def test_a_reserved_port_is_given_to_nobody_else() -> None:
    with free_port() as port, socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind((LOOPBACK, port.number))


def test_many_reserved_ports_are_all_different() -> None:
    ports = [free_port() for _ in range(200)]
    try:
        assert len({port.number for port in ports}) == 200
    finally:
        for port in ports:
            port.release()


def test_a_released_port_is_free_again() -> None:
    port = free_port()
    port.release()
    port.release()
    with socket.socket() as other:
        other.bind((LOOPBACK, port.number))


def test_a_wanted_port_that_is_in_use_is_refused_with_the_remedy() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        number = server.getsockname()[1]
        with pytest.raises(Unavailable, match=rf"port {number} on {LOOPBACK} is in use.*another port"):
            this_port(number)


def test_a_wanted_port_that_is_free_is_ours() -> None:
    with free_port() as port:
        number = port.number
    with this_port(number) as port:
        assert port.number == number
        serve(port).close()


def test_connections_of_an_earlier_run_do_not_keep_a_wanted_port() -> None:
    with free_port() as port:
        number = port.number
        with serve(port) as server, socket.create_connection((LOOPBACK, number), 5) as client:
            accepted, _ = server.accept()
            accepted.close()  # the server closes first: its side stays in TIME_WAIT
            client.recv(1)
    with this_port(number) as port:
        serve(port).close()
