"""What a mode declares: everything that the project may know of it. It is plain data, stored whole in run.json."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

Credential = Literal["header", "cookie", "bearer", "cookie+csrf", "answer"]
"""How a client shows who it is.

`header`: it says so in `X-Lab-User`, and nobody checks. `cookie`: in a cookie. `bearer`: by a token in the
`Authorization` header. `cookie+csrf`: in a cookie, and whatever changes something repeats the log-in's CSRF token.
`answer`: as the answer to the log-in says, which decides anew at each log-in; for applications of the user's own.
"""

LEEWAY_S: Final = 2
"""The service's default leeway (`AUTHLAB_LEEWAY_S`): for so long a token is accepted before its `iat` and after its
`exp`, because workers' clocks differ."""

CREDENTIALS: Final[tuple[Credential, ...]] = get_args(Credential)


@dataclass(frozen=True)
class Traits:
    """What a mode promises. The contract suite asserts each of them, the negative ones too."""

    authenticates: bool
    any_worker_serves: bool
    revocable: bool
    survives_worker_loss: bool
    survives_store_loss: bool


@dataclass(frozen=True)
class Signature:
    """How the workers sign what the client shows.

    `algorithm` is its name in a token's header (RFC 7518, 3.1). `keys` is the file of keys among the workers' secrets.
    One key signs, and all keys verify. `own_clock`: they take the time from the service's clock, which a fault can set
    wrong for one worker. A library that reads the system's clock does not.
    """

    algorithm: str
    keys: str = "jwt.json"
    own_clock: bool = True


@dataclass(frozen=True)
class Look:
    """Colour, point shape and line dash; `hollow` marks an A/A twin.

    The shape is a Vega symbol, or `star`, `pentagon`, `hexagon`, `kite`, `bow-tie`.
    """

    colour: str
    shape: str
    dash: tuple[int, ...] = (1, 0)
    hollow: bool = False


@dataclass(frozen=True)
class App:
    """A WSGI application of the user's own: `target` is "module:factory".

    The module is imported from `folder`. It is empty in a mode from a stored run, because it belongs to the machine
    that measured.
    """

    target: str
    folder: str = ""


@dataclass(frozen=True)
class Mode:
    """One way to keep authentication state, with the routing it needs.

    `state` names the file in `services/states/` that keeps it; `routing` is one of `ROUTINGS`. With an `app`, the
    workers serve that application in place of the service; it gets `state` in the same way.

    `cookie` is the name of the cookie that holds the credential; the service adds the instance (`…_8080`), so that
    instances on one host don't overwrite each other's. `signature` says how the workers sign it; None if they
    don't. `after_logout` is the longest time for which a copy of the credential is accepted after the log-out.
    `loses_updates` says that of two changes to one session at once, one may be lost although the service keeps it.
    `unmet` are the requirements of services/security.toml that apply to it and are not met. A mode without a `look`
    gets one that follows from its name.
    """

    name: str
    state: str
    routing: str
    traits: Traits
    note: str
    needs_store: bool = False
    app: App | None = None
    credential: Credential = "answer"
    cookie: str = ""
    signature: Signature | None = None
    after_logout: str = "not declared"
    loses_updates: bool = False
    unmet: tuple[str, ...] = ()
    look: Look | None = None

    @property
    def routes_by_address(self) -> bool:
        """Whether the client's network address determines its worker."""
        return self.routing == "ip-hash"

    @property
    def signs_tokens(self) -> bool:
        """Whether its workers sign what the client shows."""
        return self.signature is not None

    @property
    def keeps_sessions(self) -> bool:
        """Whether what the client shows only refers to a session that the service keeps, and with it the cart."""
        return self.traits.authenticates and self.signature is None
