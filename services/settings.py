"""The service's settings at its start, from the environment and from files of secrets, all checked at once."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from services.clock import offsets_of
from services.documents import Unusable
from services.keyring import Keyring, keyring_of
from services.origins import valid_origin
from services.passwords import Users, users_of
from services.states import STATES, needs_of

_WORKER: Final = r"[A-Za-z0-9._-]{1,64}"

_PROCESS: Final = r"(\.p[0-9]+)?"
"""`services/gunicorn_conf.py` adds this to a worker's name for each of its processes."""

_INSTANCE: Final = r"[A-Za-z0-9-]{0,32}"

_Read = TypeVar("_Read")


class SettingsError(Exception):
    """The service can't start in this environment. `problems` holds every reason, each a whole sentence."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


STORE_TIMEOUT_S: Final = 0.2
"""A thread that waits serves nobody. A store that takes longer than this is slower than what sessions may cost."""


@dataclass(frozen=True)
class RedisSettings:
    """Where the store is, the credentials for it, and how long to wait for a connection and for each reply."""

    host: str
    port: int
    prefix: str
    username: str | None
    password: str | None = field(repr=False)
    timeout_s: float = STORE_TIMEOUT_S


@dataclass(frozen=True)
class Settings:
    """All settings of the service. Times are whole seconds. The exceptions are the store's time limit,
    `extra_cpu_us`, and `clock_ahead_s`: how far this worker's clock is ahead of the true time."""

    state: str
    worker: str
    users: Users
    session_idle_s: int = 1800
    session_absolute_s: int = 43200
    token_ttl_s: int = 3600
    leeway_s: int = 2
    max_sessions: int = 200_000
    threads: int = 8
    tls: bool = False
    instance: str = ""
    origins: frozenset[str] = frozenset()
    keyring: Keyring | None = None
    redis: RedisSettings | None = None
    clock_ahead_s: float = 0.0
    extra_cpu_us: int | None = None


def settings_from(environ: Mapping[str, str]) -> Settings:
    """The settings in `environ` (`AUTHLAB_…`). Raises `SettingsError` with all problems."""
    return _Reader(environ).settings()


class _Reader:
    """Reads one setting after the other, and collects problems instead of stopping at the first."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._problems: list[str] = []

    def settings(self) -> Settings:
        state = self._state()
        users = self._secret("users.json", users_of)
        needs = needs_of(state) if state in STATES else ()
        redis = self._redis() if "store" in needs else None
        process = _PROCESS if self._whole("AUTHLAB_PROCESSES", 1, 1, 64) > 1 else ""
        worker = self._matching("AUTHLAB_WORKER", socket.gethostname(), _WORKER + process)
        # The names of the worker's files contain this name. All of its processes read the same files.
        name = re.sub(process + "$", "", worker) if process else worker
        keyring = self._secret(self._own_or("jwt.json", name), keyring_of) if "keys" in needs else None
        offsets = self._secret("clock.json", offsets_of) if self._is_there("clock.json") else None
        ahead_s = (offsets or {}).get(name, 0.0)
        numbers = {
            "session_idle_s": self._whole("AUTHLAB_SESSION_IDLE_S", 1800, 1, 31_536_000),
            "session_absolute_s": self._whole("AUTHLAB_SESSION_ABSOLUTE_S", 43200, 1, 31_536_000),
            "token_ttl_s": self._whole("AUTHLAB_TOKEN_TTL_S", 3600, 1, 31_536_000),
            "leeway_s": self._whole("AUTHLAB_LEEWAY_S", 2, 0, 3600),
            "max_sessions": self._whole("AUTHLAB_MAX_SESSIONS", 200_000, 1, 100_000_000),
            "threads": self._whole("AUTHLAB_THREADS", 8, 1, 1024),
        }
        self._whole("AUTHLAB_SILENT_S", 30, 1, 86_400)  # gunicorn_conf.py uses it
        tls = self._whole("AUTHLAB_TLS", 0, 0, 1) == 1
        instance = self._matching("AUTHLAB_INSTANCE", "", _INSTANCE)
        origins = self._origins()
        # 0 is not the same as unset: it measures as the others do, and differs from them in the time alone.
        extra_cpu_us = self._whole("AUTHLAB_EXTRA_CPU_US", 0, 0, 1_000_000)
        planted = "AUTHLAB_EXTRA_CPU_US" in self._environ
        if self._problems or users is None:
            raise SettingsError(self._problems)
        return Settings(
            state,
            worker,
            users,
            tls=tls,
            instance=instance,
            origins=origins,
            keyring=keyring,
            redis=redis,
            clock_ahead_s=ahead_s,
            extra_cpu_us=extra_cpu_us if planted else None,
            **numbers,
        )

    def _state(self) -> str:
        state = self._environ.get("AUTHLAB_STATE", "")
        if state not in STATES:
            self._problems.append(f"AUTHLAB_STATE is {state!r}; it must be one of {', '.join(STATES)}.")
        return state

    def _redis(self) -> RedisSettings | None:
        host = self._matching("AUTHLAB_REDIS_HOST", "127.0.0.1", r"[A-Za-z0-9._:-]{1,253}")
        port = self._whole("AUTHLAB_REDIS_PORT", 6379, 1, 65535)
        prefix = self._matching("AUTHLAB_REDIS_PREFIX", "authlab:", r"[A-Za-z0-9:._-]{0,64}")
        timeout_s = self._seconds("AUTHLAB_STORE_TIMEOUT_S", STORE_TIMEOUT_S, 0.01, 60)
        access = self._secret("redis.json", _redis_access)
        return None if access is None else RedisSettings(host, port, prefix, *access, timeout_s=timeout_s)

    def _origins(self) -> frozenset[str]:
        text = self._environ.get("AUTHLAB_ORIGINS", "")
        origins = [origin.strip() for origin in text.split(",")] if text else []
        if wrong := [origin for origin in origins if not valid_origin(origin)]:
            self._problems.append(
                f"AUTHLAB_ORIGINS has {', '.join(map(repr, wrong))}; separate them by commas; each must be like "
                "https://shop.example or http://localhost:5173, in lower case and without a path."
            )
        return frozenset(origins)

    def _whole(self, name: str, default: int, least: int, most: int) -> int:
        text = self._environ.get(name, str(default))
        if re.fullmatch(r"[0-9]{1,12}", text) is None or not least <= int(text) <= most:
            self._problems.append(f"{name} is {text!r}; it must be a whole number from {least} to {most}.")
            return default
        return int(text)

    def _seconds(self, name: str, default: float, least: float, most: float) -> float:
        text = self._environ.get(name, str(default))
        if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text) is None or not least <= float(text) <= most:
            self._problems.append(f"{name} is {text!r}; it must be a number of seconds from {least:g} to {most:g}.")
            return default
        return float(text)

    def _matching(self, name: str, default: str, pattern: str) -> str:
        text = self._environ.get(name, default)
        if re.fullmatch(pattern, text) is None:
            self._problems.append(f"{name} is {text!r}; it must match {pattern}.")
        return text

    def _is_there(self, name: str) -> bool:
        """Whether the folder of secrets holds that file."""
        folder = self._environ.get("AUTHLAB_SECRETS")
        try:
            return bool(folder) and Path(folder or "", name).exists()
        except OSError:  # a folder that can't be entered is reported for users.json
            return False

    def _own_or(self, name: str, worker: str) -> str:
        """The file for this worker alone (`jwt.worker-1.json` for `jwt.json`) if there is one, else `name`."""
        stem, _, suffix = name.rpartition(".")
        own = f"{stem}.{worker}.{suffix}"
        return own if re.fullmatch(_WORKER, worker) and self._is_there(own) else name

    def _secret(self, name: str, read: Callable[[Any], _Read]) -> _Read | None:
        """The result of `read` for the file `name` in AUTHLAB_SECRETS. No message contains the file's text."""
        folder = self._environ.get("AUTHLAB_SECRETS")
        if not folder:
            missing = "AUTHLAB_SECRETS is not set; it must name the folder that holds the secrets."
            if missing not in self._problems:
                self._problems.append(missing)
            return None
        file = Path(folder) / name
        try:
            return read(json.loads(file.read_bytes()))
        except OSError as error:
            self._problems.append(f"{file} can't be read: {error.strerror}.")
        except Unusable as error:
            self._problems.append(f"{file} is not usable: {error}.")
        except (ValueError, RecursionError):
            self._problems.append(f"{file} is not JSON.")
        return None


def _redis_access(document: Any) -> tuple[str | None, str | None]:
    if not isinstance(document, dict):
        raise Unusable('expected {"username": ..., "password": ...}')
    username, password = document.get("username"), document.get("password")
    for name, value in (("username", username), ("password", password)):
        if value is not None and (not isinstance(value, str) or not value):
            raise Unusable(f"`{name}` is not text")
    return username, password
