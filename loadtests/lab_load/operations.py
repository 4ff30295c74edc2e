"""The requests that users can send: the contract's own operations, and those that a scenario adds."""

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
"""A user logs in before anything else; no schedule contains it."""


@dataclass(frozen=True)
class Operation:
    """One kind of request, sent with the user's credential.

    `body` is sent as JSON. The answer is right if it has `status` and, unless `identity` is false, is a JSON object
    whose member `user` names the user. A service that mixes up its users is worse than a slow one.
    """

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    status: int = 200
    identity: bool = True
    text: str | None = field(init=False, repr=False)
    """The encoded body, made once."""

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
"""What every service under test offers. For `cart` and `add` the answer's cart is checked, too."""

DEFAULT_MIX: Final[Mapping[str, float]] = MappingProxyType({"me": 0.7, "cart": 0.2, "add": 0.1})


@dataclass(frozen=True)
class Script:
    """A scenario's name, the operations it adds to the contract's, the shares of what users do (any sum), and how many
    users share one log-in. `module` and `file` are those of the Locust file."""

    name: str
    own: Mapping[str, Operation] = field(default_factory=dict)
    mix: Mapping[str, float] = field(default_factory=lambda: DEFAULT_MIX)
    sharers: int = 1
    module: str = ""
    file: str = ""

    @property
    def operations(self) -> dict[str, Operation]:
        """The contract's and the scenario's own, by name."""
        return {**CONTRACT, **self.own}

    def problems(self) -> list[str]:
        """All problems of the scenario."""
        found = []
        for name, operation in self.own.items():
            if name in CONTRACT:
                found.append(f"the operation {name!r} belongs to the contract; choose another name")
            if not _NAME.fullmatch(name):
                found.append(f"the operation {name!r} needs a name of 1 to 32 of a-z, 0-9, - and _, first a letter")
            if operation.method not in _METHODS:
                found.append(f"{name} has the method {operation.method!r}; methods: {', '.join(_METHODS)}")
            if not operation.path.startswith("/"):
                found.append(f"{name} needs a path that begins with /, not {operation.path!r}")
            if not 200 <= operation.status <= 599:
                found.append(f"{name} expects the status {operation.status}, which does not exist")
        if self.sharers < 1:
            found.append(f"sharers must be at least 1, not {self.sharers}")
        return found + self.mix_problems(self.mix)

    def mix_problems(self, mix: Mapping[str, float]) -> list[str]:
        """The problems of shares of its operations."""
        known = [name for name in self.operations if name not in _NOT_IN_A_MIX]
        unknown = sorted(set(mix) - set(known))
        if unknown:
            return [f"the mix has unknown operations: {', '.join(unknown)}. Operations: {', '.join(known)}"]
        if not mix or not min(mix.values()) >= 0 or not sum(mix.values()) > 0:
            return [f"the mix needs shares of 0 or more, at least one above 0, not {dict(mix)}"]
        return []
