"""One worker's clock is wrong: which tokens are refused, and which are accepted for too long?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from authlab.experiments.counting import rows_where, share
from authlab.experiments.evidence import ArmData
from authlab.experiments.expectation import Expectation, Measure, expect
from authlab.experiments.experiment import StackExperiment
from authlab.experiments.options import Options
from authlab.experiments.planning import loaded, repeated, side_by_side
from authlab.model.faults import FaultEvent, PlannedFault
from authlab.model.machine import MachineFacts
from authlab.model.plan import Plan

_AT_S: Final = 2.0
_LASTS_S: Final = 19.0
_DURATION_S: Final = 22.0
_TTL_S: Final = 6
_SKEW_S: Final = 3
_USERS: Final = 200
"""Each user sends requests rarely, because tokens must grow old: a refused token is replaced, and a third of the
requests refuse a young one. At the default rate, about 14 requests in a trial show an expired token with 50 users, and
about 100 with 200 users."""

OLD_REFUSED: Final = "requests_refused_in_the_last_seconds_of_a_token"
FRESH_REFUSED: Final = "requests_refused_with_fresh_tokens"
OWN_REFUSED: Final = "requests_refused_with_fresh_tokens_of_the_skewed"
TOO_LONG: Final = "requests_taken_after_expiry"

Stretch = tuple[float, float]
_LAST_SECONDS: Final[Stretch] = (_TTL_S - _SKEW_S, _TTL_S - 1.0)
_FIRST_SECONDS: Final[Stretch] = (0.0, _SKEW_S - 1.0)
_AFTER_EXPIRY: Final[Stretch] = (_TTL_S, _TTL_S + _SKEW_S - 1.0)
"""Ages of tokens in seconds. Tokens hold whole seconds, and each border is therefore uncertain by one second. Ages
near a border are left out."""


class ClockSkew(StackExperiment):
    """ "Our servers' clocks differ a little"."""

    id = "clock-skew"
    claim = "a worker whose clock is off by s seconds refuses good tokens or takes expired ones for s seconds"
    summary = "one worker 3 s ahead, behind, and ahead with leeway: refusals by the age of the token"
    holds = "the worker refuses or extends tokens for as long as its clock is off, on its share of the requests"
    fails = "the refusals differ from those of the model"

    def plan(self, options: Options, machine: MachineFacts) -> list[Plan]:  # noqa: ARG002
        """Three arms: a clock ahead, a clock behind, and a clock ahead with a leeway as large."""
        arms = [
            loaded(
                options,
                label,
                "jwt",
                faults=(PlannedFault("clock-skew", _AT_S, _LASTS_S, value),),
                settings={"AUTHLAB_TOKEN_TTL_S": str(_TTL_S), "AUTHLAB_LEEWAY_S": str(leeway)},
                relogin="always",
                mix={"me": 1.0},
                users=_USERS,
            )
            for label, value, leeway in (
                ("jwt-ahead", _SKEW_S, 0),
                ("jwt-behind", -_SKEW_S, 0),
                ("jwt-ahead-leeway", _SKEW_S, _SKEW_S),
            )
        ]
        return repeated(options, lambda stage, seed: side_by_side(options, stage, arms, _DURATION_S, seed))

    def rows(self, plans: Sequence[Plan]) -> list[Expectation]:
        """1/N of the requests reach the worker whose clock is off, and (N-1)/N reach the others."""
        n = plans[0].arms[0].workers if plans else 1
        ahead, behind = "1/N (by the worker that is ahead)", "1/N (by the worker that is behind)"
        others, covered = "(N-1)/N (by the others: issued in their future)", "0 (the leeway covers it)"

        def row(arm: str, quantity: str, formula: str, value: float, margin: float) -> Expectation:
            return expect(arm, quantity, value, _MEASURES[quantity], formula=formula, margin=margin, workers=n)

        return [
            row("jwt-ahead", OLD_REFUSED, ahead, 1 / n, 0.1),
            row("jwt-ahead", OWN_REFUSED, others, (n - 1) / n, 0.15),
            row("jwt-behind", FRESH_REFUSED, behind, 1 / n, 0.1),
            row("jwt-behind", TOO_LONG, behind, 1 / n, 0.2),
            row("jwt-ahead-leeway", OLD_REFUSED, covered, 0.0, 0.02),
            row("jwt-ahead-leeway", OWN_REFUSED, covered, 0.0, 0.05),
        ]


EXPERIMENT: Final = ClockSkew()


def _outcome_of(stretch: Stretch, *, own: bool, outcome: str) -> Measure:
    """Share of requests with this `outcome`, among those with tokens of that age.

    `own`: only tokens that the skewed worker issued; otherwise only those of the other workers.
    """

    def shown(arm: ArmData) -> pl.DataFrame:
        issued = with_issuers(arm.samples, arm.fault)
        skewed = pl.col("issuer") == arm.fault.target
        rows = issued.filter(skewed if own else skewed.not_())
        return rows.filter((pl.col("age_s") >= stretch[0]) & (pl.col("age_s") < stretch[1]))

    return share(rows_where(shown, pl.col("outcome") == outcome))


_MEASURES: Final = {
    OLD_REFUSED: _outcome_of(_LAST_SECONDS, own=False, outcome="auth"),
    FRESH_REFUSED: _outcome_of(_FIRST_SECONDS, own=False, outcome="auth"),
    OWN_REFUSED: _outcome_of(_FIRST_SECONDS, own=True, outcome="auth"),
    TOO_LONG: _outcome_of(_AFTER_EXPIRY, own=False, outcome="ok"),
}


def with_issuers(samples: pl.DataFrame, fault: FaultEvent) -> pl.DataFrame:
    """Answered requests while the clock was off, with `issuer` (the worker that gave the token) and `age_s`."""
    logins = samples.filter((pl.col("op") == "login") & (pl.col("outcome") == "ok")).select(
        "user", issued_ns="done_ns", issuer="worker"
    )
    # One restart sets the clock wrong and another sets it right: requests in between met the wrong clock.
    first = fault.steps[0].end_ns if fault.steps else 2**62
    last = fault.steps[-1].start_ns if len(fault.steps) > 1 else 2**62
    return (
        samples.filter(
            (pl.col("op") != "login")
            & pl.col("outcome").is_in(["ok", "auth"])
            & (pl.col("issued_ns") > first)
            & (pl.col("done_ns") < last)
        )
        .join(logins, on=["user", "issued_ns"], how="inner")
        .with_columns(age_s=(pl.col("sent_ns") - pl.col("issued_ns")) / 1e9)
    )
