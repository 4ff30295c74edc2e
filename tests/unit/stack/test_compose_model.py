"""What the lab makes of a resolved compose file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from authlab.stack.compose.model import LISTEN_CONF, Particulars, lab_model


def resolved() -> dict[str, Any]:
    """As `compose config --format json` prints it, in small."""
    return {
        "services": {
            "worker": {"image": "w", "build": {}, "environment": {"A": "1"}, "healthcheck": {"test": ["x"]}},
            "link": {"image": "w", "profiles": ["link"]},
            "proxy": {
                "image": "p",
                "ports": [{"target": 8080, "published": "8080", "host_ip": "127.0.0.1"}],
                "volumes": [{"target": "/etc/authlab/listen.conf", "source": "/x"}, {"target": "/y", "source": "/z"}],
            },
        },
        "networks": {"front": {}},
        "volumes": {"keys": {"labels": {"a": "b"}}},
    }


def made(listen_conf: Path | None = None) -> dict[str, Any]:
    files = {} if listen_conf is None else {LISTEN_CONF: listen_conf}
    return lab_model(resolved(), Particulars(("mark", "mine"), 5, 4321, {"A": "2", "B": "3"}, files))


def test_everything_bears_the_mark() -> None:
    model = made()
    things = [thing for kind in ("services", "networks", "volumes") for thing in model[kind].values()]
    assert all(thing["labels"]["mark"] == "mine" for thing in things)
    assert model["volumes"]["keys"]["labels"]["a"] == "b"


def test_workers_port_and_settings_are_the_labs() -> None:
    services = made()["services"]
    assert services["worker"]["scale"] == 5
    assert services["worker"]["environment"] == {"A": "2", "B": "3", "AUTHLAB_INSTANCE": "4321"}
    assert services["proxy"]["environment"] == {"AUTHLAB_INSTANCE": ""}, "the lab names the routing cookie itself"
    assert services["proxy"]["ports"] == [{"target": 8080, "published": "4321", "host_ip": "127.0.0.1"}]


def test_nothing_is_built_or_checked_during_a_measurement() -> None:
    for service in made()["services"].values():
        assert "build" not in service
        assert service["healthcheck"] == {"disable": True}


def test_what_a_profile_has_let_in_is_started_without_it() -> None:
    assert "profiles" not in made()["services"]["link"]


def test_another_listen_piece_replaces_the_one_of_the_compose_file(tmp_path: Path) -> None:
    volumes = made(tmp_path / "listen.conf")["services"]["proxy"]["volumes"]
    assert [volume["source"] for volume in volumes] == [str(tmp_path / "listen.conf"), "/z"]
    assert [volume["source"] for volume in made()["services"]["proxy"]["volumes"]] == ["/x", "/z"]


def test_what_was_resolved_is_left_as_it_is() -> None:
    before = resolved()
    lab_model(before, Particulars(("mark", "mine"), 5, 4321, {}))
    assert before == resolved()
