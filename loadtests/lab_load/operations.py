"""What users can ask of the service: the contract's own operations, and those that a scenario adds."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_NOT_IN_A_MIX: Final = ("login",)
"""A user logs in before it does anything else; no schedule asks for it."""


@dataclass(frozen=True)
class Operation:
    """One kind of request, sent with the user's credential.

    `body` is sent as JSON. The answer is right if it has `status` and, unless `identity` is false, names the user in
    the member `user` of a JSON object: a service that mixes its users up is worse than one that is slow.
    """

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    status: int = 200
    identity: bool = True
    text: str | None = field(init=False, repr=False)
    """The body as it is sent, made once."""

    def __post_init__(self) -> None:
        """Encode the body. Raises TypeError for one that JSON can't hold."""
        object.__setattr__(self, "text", None if self.body is None else json.dumps(dict(self.body)))


CONTRACT: Final[Mapping[str, Operation]] = MappingProxyType(
    {
        "login": Operation("POST", "/login"),
        "me": Operation("GET", "/me"),
        "cart": Operation("GET", "/cart"),
        "add": Operation("POST", "/cart/items"),  # its body is the item that the schedule draws
    }
)
"""What every service under test offers. `cart` and `add` are also held to what the user has put into the cart."""

DEFAULT_MIX: Final[Mapping[str, float]] = MappingProxyType({"me": 0.7, "cart": 0.2, "add": 0.1})


@dataclass(frozen=True)
class Script:
    """A scenario's name, its operations beside the contract's, how often users do what (shares, any sum), and how many
    users share one log-in."""

    name: str
    own: Mapping[str, Operation] = field(default_factory=dict)
    mix: Mapping[str, float] = field(default_factory=lambda: DEFAULT_MIX)
    sharers: int = 1

    @property
    def operations(self) -> dict[str, Operation]:
        """The contract's and the scenario's own, by name."""
        return {**CONTRACT, **self.own}

    def problems(self) -> list[str]:
        """All that is wrong with it."""
        found = []
        for name, operation in self.own.items():
            if name in CONTRACT:
                found.append(f"the operation {name!r} is one of the contract's; choose another name")
            if not _NAME.fullmatch(name):
                found.append(f"the operation {name!r} must be named by a-z, 0-9, - and _, at most 32, first a letter")
            if operation.method not in _METHODS:
                found.append(f"{name} has the method {operation.method!r}; known are {', '.join(_METHODS)}")
            if not operation.path.startswith("/"):
                found.append(f"{name} has the path {operation.path!r}, which must begin with /")
            if not 200 <= operation.status <= 599:
                found.append(f"{name} expects the status {operation.status}, which no answer has")
        if self.sharers < 1:
            found.append(f"a log-in needs a user, not {self.sharers}")
        return found + self.mix_problems(self.mix)

    def mix_problems(self, mix: Mapping[str, float]) -> list[str]:
        """What is wrong with shares of its operations."""
        known = [name for name in self.operations if name not in _NOT_IN_A_MIX]
        unknown = sorted(set(mix) - set(known))
        if unknown:
            return [f"the mix knows {', '.join(known)}, not {', '.join(unknown)}"]
        if not mix or not min(mix.values()) >= 0 or not sum(mix.values()) > 0:
            return [f"the mix needs shares of 0 or more that are not all 0, not {dict(mix)}"]
        return []
