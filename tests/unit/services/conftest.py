"""The service inside the test's own process: no server, a clock that the test turns, a real store."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from datetime import datetime, tzinfo
from pathlib import Path
from types import SimpleNamespace

import pytest
from redis.connection import AbstractConnection
from services.settings import Settings, settings_from
from services.states import needs_of

from authlab.host.ports import free_port
from authlab.host.processes import Guardian
from authlab.stack import store_server
from authlab.stack.bring_up import bring_down, bring_up
from authlab.stack.local_context import LocalContext
from authlab.stack.local_store import LocalStore
from authlab.stack.programs import find_store_server
from authlab.stack.secrets import Secrets
from tests.unit.services.declared import DECLARED
from tests.unit.services.service import Clock, Service, service_with

MakeSettings = Callable[..., Settings]
MakeService = Callable[..., Service]


def close_connections() -> None:
    """Close those of services that are not used any more and not collected yet."""
    for connection in [each for each in gc.get_objects() if isinstance(each, AbstractConnection)]:
        connection.disconnect()


@pytest.fixture
def clock() -> Clock:
    """A clock at a fixed time."""
    return Clock()


def system_clock_is(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set what PyJWT and Flask-JWT-Extended take for the system's clock; they read no other."""

    class AtTheTestsTime(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> AtTheTestsTime:
            return cls.fromtimestamp(clock(), tz)

    for module in ("jwt.api_jwt", "flask_jwt_extended.tokens"):
        monkeypatch.setattr(f"{module}.datetime", AtTheTestsTime)


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory, secrets: Secrets) -> Iterator[LocalStore]:
    """A Redis-compatible server for the tests of this folder."""
    folder = tmp_path_factory.mktemp("store")
    with Guardian() as guardian:
        nginx = SimpleNamespace()  # a store alone needs none
        context = LocalContext(guardian, nginx, secrets, folder / "runtime", 1.0, {}, free_port)  # type: ignore[arg-type]
        server = LocalStore(context, find_store_server(), folder / "store.log")
        bring_up([server], 30)
        assert store_server.why_not_ready(server.port, secrets.store_password, 1) is None
        yield server
        close_connections()
        bring_down([server])


@pytest.fixture
def make_settings(secrets: Secrets, request: pytest.FixtureRequest) -> MakeSettings:
    """`make_settings("redis", AUTHLAB_TLS="1")`: settings as the environment would give them."""

    def make(state: str, **environment: str) -> Settings:
        if "store" in needs_of(state) and "AUTHLAB_REDIS_PORT" not in environment:
            environment["AUTHLAB_REDIS_PORT"] = str(request.getfixturevalue("store").port)
        return settings_from(
            {
                "AUTHLAB_STATE": state,
                "AUTHLAB_WORKER": "worker-1",
                "AUTHLAB_SECRETS": str(secrets.folder),
                "AUTHLAB_REDIS_PREFIX": f"test:{id(environment)}:",
                **environment,
            }
        )

    return make


@pytest.fixture
def make_service(
    make_settings: MakeSettings, secrets: Secrets, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> MakeService:
    """`make_service("jwt")`: the service with that way of keeping state, on the test's clock."""

    def make(state: str, **environment: str) -> Service:
        exact = {"AUTHLAB_LEEWAY_S": "0", **environment}  # to the second, where a test does not ask for leeway
        signature = DECLARED[state].signature if state in DECLARED else None
        if signature is not None and not signature.own_clock:
            system_clock_is(clock, monkeypatch)
        return service_with(make_settings(state, **exact), Path(secrets.credentials), clock)

    return make
