"""When a credential of a mode ends: the parameters of the history checkers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

EXAMPLES: Final = 10
"""How many violations a result keeps with their timelines. All are counted."""


@dataclass(frozen=True)
class Rules:
    """`login_ends_session`: whether a new log-in revokes the user's earlier ones.

    `leeway_ns`: a refusal within this time of a credential's expiry is no violation. Tokens expire in whole seconds of
    the service's clock, and the client counts from when it got the answer. It must be at least one second and the
    duration of a log-in; add the skew that a fault gives to a clock. `public`: operations that need no credential. A
    log-out is one of them, because it does no harm to log out twice.
    """

    login_ends_session: bool = False
    leeway_ns: int = 2_000_000_000
    public: tuple[str, ...] = ("login", "logout")

    @property
    def unexpired(self) -> pl.Expr:
        """Whether a sample's credential was certainly good when the answer came, or its expiry is unknown."""
        return (pl.col("expires_ns") <= 0) | (pl.col("done_ns") + self.leeway_ns < pl.col("expires_ns"))


USUAL: Final = Rules()
