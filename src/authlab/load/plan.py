"""The plan of a load generator. The lab writes it and `loadtests/` reads it. Schema `authlab/plan/1`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

from authlab.model.mode import Credential

PLAN_SCHEMA: Final = "authlab/plan/1"
DEFAULT_TIMEOUT_S: Final = 5.0


@dataclass(frozen=True)
class Window:
    """A period of load at `rate_rps` over all users. Times count from the origin that `LoadProcess.go` gives.

    Equal seeds give equal arrivals. The windows of one block share their seed, whatever the mode.
    """

    index: int
    start_ns: int
    end_ns: int
    rate_rps: float
    seed: int


@dataclass(frozen=True)
class LoadPlan:
    """Windows in order of time, for `users` users.

    `mix` holds the shares of the scenario's operations; None means the scenario's own mix. `timeout_s` is the time
    after which a request is given up. `relogin`: what a user does whose credential is refused. With "always" it logs in
    again each time. A failed log-in is repeated at the user's next arrival, instead of that arrival's planned request.
    `addresses`: each user claims a network of its own in `X-Forwarded-For`, drawn at random with the seed, for routing
    by address. `credential` is how the credential of a log-in travels.
    """

    seed: int
    users: int
    windows: tuple[Window, ...]
    mix: Mapping[str, float] | None = None
    timeout_s: float = DEFAULT_TIMEOUT_S
    relogin: Literal["never", "once", "always"] = "never"
    addresses: bool = False
    credential: Credential = "answer"

    def to_json(self, go: Path) -> str:
        """The plan file's text. The windows will start when the file `go` appears."""
        body = {
            "schema": PLAN_SCHEMA,
            "seed": self.seed,
            "users": self.users,
            "windows": [asdict(window) for window in self.windows],
            "mix": None if self.mix is None else dict(self.mix),
            "timeout_s": self.timeout_s,
            "relogin": self.relogin,
            "addresses": self.addresses,
            "credential": self.credential,
            "go": str(go.absolute()),
        }
        return json.dumps(body, indent=1) + "\n"
