"""The two small files that the proxy's static configuration includes."""

from __future__ import annotations

from pathlib import Path

import pytest

from authlab.host.content import content_root
from authlab.model.modes import ROUTINGS
from authlab.stack.nginx import listen_conf, prepare, upstream_conf


@pytest.mark.parametrize("routing", ROUTINGS)
def test_every_routing_of_the_model_is_known_to_the_proxy(routing: str) -> None:
    conf = upstream_conf(routing, ["127.0.0.1:1", "127.0.0.1:2"])
    assert "server 127.0.0.1:1 max_fails=0;" in conf
    assert "server 127.0.0.1:2 max_fails=0;" in conf


def test_sticky_routing_is_one_cookie_for_all_paths_that_scripts_cannot_read() -> None:
    conf = upstream_conf("sticky-cookie", ["h:1"], instance="8080")
    assert "sticky cookie authlab_route_8080 path=/ httponly samesite=lax;" in conf
    assert "sticky" not in upstream_conf("round-robin", ["h:1"])


@pytest.mark.parametrize("routing", ROUTINGS)
def test_only_routing_by_address_takes_a_clients_word_for_its_address(routing: str) -> None:
    assert ("real_ip_header X-Forwarded-For;" in upstream_conf(routing, ["h:1"])) == (routing == "ip-hash")


@pytest.mark.parametrize("routing", ROUTINGS)
def test_only_routing_by_a_key_gives_one_and_leaves_the_servers_own_headers(routing: str) -> None:
    conf = upstream_conf(routing, ["h:1"])
    assert ("add_header Set-Cookie" in conf) == ("hash $lab_route" in conf) == (routing in ("hash", "consistent-hash"))
    assert "add_header_inherit merge;" in (content_root() / "compose" / "nginx" / "nginx.conf").read_text()


@pytest.mark.parametrize("routing", ROUTINGS)
def test_instances_on_one_host_have_routing_cookies_of_their_own(routing: str) -> None:
    conf = upstream_conf(routing, ["h:1"], instance="8081")
    assert conf.count("authlab_route") == conf.count("authlab_route_8081")
    assert ("authlab_route_8081" in conf) == (routing in ("sticky-cookie", "hash", "consistent-hash"))


def test_a_drained_worker_gets_only_clients_that_are_bound_to_it() -> None:
    conf = upstream_conf("sticky-cookie", ["h:1", "h:2"], drained=["h:2"])
    bound, _, anyone = conf.partition("upstream anyone")
    assert "server h:2 max_fails=0 drain;" in bound
    assert "server h:2 max_fails=0 down;" in anyone


def test_the_listen_piece_says_address_log_and_patience() -> None:
    assert listen_conf("127.0.0.1:8080", 2.5).splitlines() == [
        "listen 127.0.0.1:8080;",
        "access_log access.log authlab;",
        "proxy_read_timeout 2500ms;",
    ]


def test_the_static_configuration_is_copied_unchanged(tmp_path: Path) -> None:
    log = tmp_path / "logs of mine; $1" / "access.log"
    prepare(tmp_path / "proxy", routing="round-robin", port=1, workers=[2], read_timeout_s=1, log=log)
    original = content_root() / "compose" / "nginx" / "nginx.conf"
    assert (tmp_path / "proxy" / "nginx.conf").read_text() == original.read_text()
    assert (tmp_path / "proxy" / "access.log").readlink() == log


def test_preparing_again_replaces_what_was_there(tmp_path: Path) -> None:
    for port in (1, 2):
        prepare(tmp_path, routing="round-robin", port=port, workers=[3], read_timeout_s=1, log=tmp_path / str(port))
    assert "127.0.0.1:2" in (tmp_path / "listen.conf").read_text()
    assert (tmp_path / "access.log").readlink() == tmp_path / "2"
