"""A mode and a fault that the project doesn't have, each added in the way that docs/extending.md describes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

STATE: Final = '''"""The token of `jwt`, and in Redis a note of those that were logged out."""

from __future__ import annotations

import hashlib
import time
from typing import Final

from services.claims import Claims
from services.clock import Clock
from services.problems import Problem
from services.redis_client import RedisClient
from services.settings import Settings
from services.states import jwt
from services.states.protocol import NOTHING, Environ, Grant
from services.tokens import Tokens, tokens_of

NEEDS: Final = ("keys", "store")


class DeniedTokens(jwt.BearerTokens):
    """As `BearerTokens`, but a log-out takes the token back."""

    def __init__(self, tokens: Tokens, link: RedisClient, prefix: str, ttl_s: int) -> None:
        super().__init__(tokens)
        self._link = link
        self._prefix = prefix
        self._ttl_s = ttl_s

    def log_out(self, environ: Environ) -> Grant:
        self._claims(environ)
        self._link.write(self._note(environ), "1", self._ttl_s)
        return NOTHING

    def _claims(self, environ: Environ) -> Claims:
        claims = super()._claims(environ)
        if self._link.call(self._link.client.exists, self._note(environ)):
            raise Problem("revoked")
        return claims

    def _note(self, environ: Environ) -> str:
        return self._prefix + hashlib.sha256(environ["HTTP_AUTHORIZATION"].encode()).hexdigest()


def build(settings: Settings, clock: Clock = time.time) -> DeniedTokens:
    """The state of the mode `denied`."""
    assert settings.redis is not None
    link = RedisClient(settings.redis, size=settings.threads)
    return DeniedTokens(tokens_of(settings, clock), link, settings.redis.prefix, settings.token_ttl_s)
'''

ENTRY: Final = """    Mode(
        "denied",
        "denied",
        "round-robin",
        Traits(
            authenticates=True,
            any_worker_serves=True,
            revocable=True,
            survives_worker_loss=True,
            survives_store_loss=False,
        ),
        "a token as in jwt, and in Redis a note of those that were logged out",
        needs_store=True,
        credential="bearer",
        signature=Signature("HS256"),
        after_logout=_AT_ONCE,
        unmet=("ASVS 7.2.4", "ASVS 7.3.1"),
        look=Look("#9457c4", "wedge"),
    ),
"""

PAGE: Final = """# Mode `denied`

A token at the client, and in Redis a note of those that were logged out.

## How it works

```mermaid
sequenceDiagram
    participant C as client
    participant P as nginx, round robin
    participant A as worker-1
    participant B as worker-2
    participant R as Redis
    C->>P: POST /logout with Authorization Bearer
    P->>A: POST /logout
    A->>R: a note of the token
    C->>P: GET /me with the same token
    P->>B: GET /me
    B->>R: is there a note?
    B-->>C: 401 revoked
```

In words: worker 1 notes a token that was logged out, worker 2 finds the note.

## What it promises

| trait | | what that means here |
| --- | --- | --- |
| `authenticates` | yes | by name and password |
| `any_worker_serves` | yes | every worker has the key |
| `revocable` | yes | by the note |
| `survives_worker_loss` | yes | a worker keeps nothing |
| `survives_store_loss` | no | it asks the store about every token |

## When to use it

Where a token must be taken back.

## What breaks it

A store that is away.

## Try it

```sh
docker compose -f compose/denied.yml up --build
```

## Settings

Those of [`jwt`](jwt.md#settings).

## Security requirements

<!-- security: denied -->
<!-- /security -->
"""

FAULT: Final = '''"""A worker hears a signal that it takes for nothing."""

from __future__ import annotations

from typing import Any, Final

from authlab.faults.asking import answers, url_of
from authlab.faults.base import Fault, Order
from authlab.stack.capabilities import Pausing


class NudgeWorker(Fault):
    """SIGSTOP, and SIGCONT at once."""

    kind = "nudge-worker"
    summary = "let a worker stand still for a moment"
    on = "worker"
    needs = (Pausing,)

    def sentence(self, order: Order) -> str:
        return f"{order.target} stands still for a moment"

    def begin(self, stack: Any, order: Order) -> str:
        pid = stack.pause(order.target)
        stack.resume(order.target)
        return f"pid {pid} was nudged, and answers" if answers(url_of(stack, order.target), 5.0) else ""


KINDS: Final = (NudgeWorker,)
'''


def add_mode(checkout: Path) -> None:
    """The mode's file, its entry and its page."""
    (checkout / "services" / "states" / "denied.py").write_text(STATE)
    (checkout / "docs" / "modes" / "denied.md").write_text(PAGE)
    _insert(checkout / "src" / "authlab" / "model" / "modes.py", r"^_MODES = \($", r"^\)$", ENTRY)


def add_fault(checkout: Path) -> None:
    """The fault's file and its line."""
    faults = checkout / "src" / "authlab" / "faults"
    (faults / "nudge_worker.py").write_text(FAULT)
    _insert(faults / "catalogue.py", r"^_MODULES: Final = \($", r"^\)$", '    "nudge_worker",\n')


def _insert(file: Path, table: str, end: str, lines: str) -> None:
    """The lines at the end of the one table of that beginning."""
    text = file.read_text()
    (begin,) = re.finditer(table, text, re.MULTILINE)
    close = re.compile(end, re.MULTILINE).search(text, begin.end())
    assert close
    file.write_text(text[: close.start()] + lines + text[close.start() :])
