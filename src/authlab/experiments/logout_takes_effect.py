"""How long does a credential work after the log-out?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from authlab.checkers.no_use_after_logout import late_requests
from authlab.experiments.counting import mean_count, rows_where, share
from authlab.experiments.evidence import ArmData
from authlab.experiments.expectation import Expectation, also, expect
from authlab.experiments.experiment import StackExperiment
from authlab.experiments.options import Options
from authlab.experiments.planning import loaded, repeated, side_by_side
from authlab.model.machine import MachineFacts
from authlab.model.plan import Plan

_DURATION_S: Final = 20.0
_TTL_S: Final = 15
_LEEWAY_S: Final = 0  # the service's default would only shift the end

TAKEN: Final = "requests_taken_after_log_out"
BEYOND: Final = "seconds_beyond_expiry_of_the_token"

_SESSIONS: Final = ("sticky", "redis")
_TOKENS: Final = ("jwt", "jwt-cookie")


class LogoutTakesEffect(StackExperiment):
    """ "A token cannot be revoked"."""

    id = "logout-takes-effect"
    claim = "a log-out ends a session at once, and a plain token not before it expires"
    summary = "users log out and keep sending the old credential: how long it is accepted"
    holds = "a log-out ends a session at once; a plain token works until it expires"
    fails = "revoked credentials worked for a longer or shorter time than the model says"

    def plan(self, options: Options, machine: MachineFacts) -> list[Plan]:  # noqa: ARG002
        """Users log out, and go on using the old credential as a thief would."""
        short_lived = {"AUTHLAB_TOKEN_TTL_S": str(_TTL_S), "AUTHLAB_LEEWAY_S": str(_LEEWAY_S)}
        arms = [
            *(loaded(options, mode, mode, relogin="never", scenario="leave") for mode in _SESSIONS),
            *(loaded(options, mode, mode, relogin="never", scenario="leave", settings=short_lived) for mode in _TOKENS),
        ]
        return repeated(options, lambda stage, seed: side_by_side(options, stage, arms, _DURATION_S, seed))

    def rows(self, plans: Sequence[Plan]) -> list[Expectation]:
        """A log-out takes effect at once, or when the leeway after the token's expiry is over.

        `TAKEN` counts requests that were sent after the log-out had been acknowledged.
        """
        taken = share(rows_where(_late, pl.col("accepted")), "{hits} of {of} requests")
        beyond = mean_count(lambda arm: _beyond_expiry(_late(arm)), "s")
        leeway_s = _leeway_s(plans)
        life = f"{leeway_s:g} (remaining life + leeway, ± 1 s)"
        return [
            *(expect(mode, TAKEN, 0.0, taken, margin=0.01) for mode in _SESSIONS),
            *(expect(mode, BEYOND, leeway_s, beyond, formula=life, margin=1.0) for mode in _TOKENS),
            *(also(mode, TAKEN, taken) for mode in _TOKENS),
        ]


EXPERIMENT: Final = LogoutTakesEffect()


def _leeway_s(plans: Sequence[Plan]) -> float:
    """The leeway that the token arms were given. A plan that does not say it is older than the default leeway."""
    given = [arm.settings.get("AUTHLAB_LEEWAY_S", "0") for plan in plans for arm in plan.arms if arm.mode.signs_tokens]
    return float(given[0]) if given else float(_LEEWAY_S)


def _late(arm: ArmData) -> pl.DataFrame:
    return late_requests(arm.samples)


def _beyond_expiry(late: pl.DataFrame) -> list[float]:
    """Seconds from each token's expiry to its measured end, which lies between its last success and first refusal."""
    found = []
    for (_,), rows in late.partition_by("user", as_dict=True).items():
        taken = rows.filter("accepted")["sent_ns"].max()
        first_ns = taken if isinstance(taken, int) else 0
        refused = rows.filter(pl.col("accepted").not_() & (pl.col("sent_ns") > first_ns))["done_ns"].min()
        expires = rows["expires_ns"][0]
        if isinstance(taken, int) and isinstance(refused, int) and expires:
            found.append(((taken + refused) / 2 - expires) / 1e9)
    return found
