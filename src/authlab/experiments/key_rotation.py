"""The signing key changes, by five strategies: whose tokens are refused?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from authlab.experiments.counting import Count, everybody, logged_out, rows_where, share
from authlab.experiments.evidence import ArmData
from authlab.experiments.expectation import Expectation, expect, expect_at_least
from authlab.experiments.experiment import StackExperiment
from authlab.experiments.options import Options
from authlab.experiments.planning import loaded, repeated, side_by_side
from authlab.model.faults import FaultEvent, PlannedFault
from authlab.model.machine import MachineFacts
from authlab.model.mode import LEEWAY_S
from authlab.model.plan import Plan

_AT_S: Final = 3.0
_DURATION_S: Final = 25.0
_TTL_S: Final = 6
_ROLLING_WORKERS: Final = 4
_SHARES: Final = (0.25, 0.5, 0.75)
_SETTLED_NS: Final = 300_000_000

ANYBODY: Final = "users_logged_out"
STILL_TAKEN: Final = "old_tokens_taken_afterwards"
SOME: Final = 0.05


def refused_share(f: float) -> float:
    """Share of requests refused if a share f of the workers has only the new key and users log in again at once.

    A token is signed with the old or the new key. A refused token is replaced by one with the key of the worker that
    serves the log-in. In the long run a share f²/(f²+(1-f)²) of the tokens is new. A share 1-f of the workers refuses a
    new token, and a share f refuses an old one.
    """
    return f * (1 - f) / (f * f + (1 - f) * (1 - f))


def _quantity(f: float) -> str:
    return f"requests_refused_at_{f * 100:.0f}_percent"


class KeyRotation(StackExperiment):
    """ "Rotate your keys"."""

    id = "key-rotation"
    claim = (
        "a new signing key logs everybody out, unless the old one goes on being accepted until its last token expires"
    )
    summary = "swap at once, rolling swap, long and short overlap, compromised key: whose tokens are refused"
    holds = "a key rotation logs out the users whom the model predicts, and nobody if the old key outlives its tokens"
    fails = "a key rotation did not do what the model says"

    def plan(self, options: Options, machine: MachineFacts) -> list[Plan]:  # noqa: ARG002
        """Five strategies side by side."""
        short_lived = {"AUTHLAB_TOKEN_TTL_S": str(_TTL_S), "AUTHLAB_LEEWAY_S": str(LEEWAY_S)}
        long_enough = (PlannedFault("overlap-key", _AT_S, value=_TTL_S + LEEWAY_S + 1.0),)
        too_short = (PlannedFault("overlap-key", _AT_S, value=0.5),)
        rolling = (PlannedFault("swap-key-rolling", _AT_S, value=3.0),)
        arms = (
            loaded(options, "jwt-swap", "jwt", faults=(PlannedFault("swap-key", _AT_S),)),
            loaded(options, "jwt-compromise", "jwt", faults=(PlannedFault("compromise-key", _AT_S),)),
            loaded(options, "jwt-rolling", "jwt", faults=rolling, workers=_ROLLING_WORKERS, relogin="always"),
            loaded(options, "jwt-overlap", "jwt", faults=long_enough, settings=short_lived, relogin="always"),
            loaded(options, "jwt-overlap-short", "jwt", faults=too_short, relogin="always"),
        )
        return repeated(options, lambda stage, seed: side_by_side(options, stage, arms, _DURATION_S, seed))

    def rows(self, plans: Sequence[Plan]) -> list[Expectation]:  # noqa: ARG002
        """One or more rows for each strategy."""
        anybody = share(logged_out(everybody))
        outlives = "0 (the old key outlives its last token)"
        some = f"at least {SOME:g} of the users"
        return [
            expect("jwt-swap", ANYBODY, 1.0, anybody, margin=0.05),
            expect("jwt-compromise", ANYBODY, 1.0, anybody, margin=0.05),
            expect(
                "jwt-compromise",
                STILL_TAKEN,
                0.0,
                share(rows_where(_old_tokens_shown, pl.col("outcome") == "ok")),
                formula="0 (it stops at once)",
                margin=0.05,
            ),
            *(
                expect(
                    "jwt-rolling",
                    _quantity(f),
                    refused_share(f),
                    share(_refused_on_plateau(place)),
                    formula="f(1-f)/(f²+(1-f)²)",
                    margin=0.1,
                    workers=_ROLLING_WORKERS,
                )
                for place, f in enumerate(_SHARES)
            ),
            expect("jwt-overlap", ANYBODY, 0.0, anybody, formula=outlives, margin=0.05),
            expect_at_least("jwt-overlap-short", ANYBODY, SOME, anybody, formula="some", rule=some),
        ]


EXPERIMENT: Final = KeyRotation()


def _old_tokens_shown(arm: ArmData) -> pl.DataFrame:
    """Answered requests with a token from before the fault, sent after the last worker with the old key had ended."""
    fault = arm.fault
    return arm.samples.filter(
        (pl.col("issued_ns") > 0)
        & (pl.col("issued_ns") < fault.start_ns)
        & (pl.col("sent_ns") > max((step.gone_ns for step in fault.steps), default=fault.start_ns))
        & pl.col("outcome").is_in(["ok", "auth"])
    )


def _refused_on_plateau(place: int) -> Count:
    return rows_where(lambda arm: plateau(arm.samples, arm.fault, place), pl.col("outcome") == "auth")


def plateau(samples: pl.DataFrame, fault: FaultEvent, place: int) -> pl.DataFrame:
    """The requests between one worker's return and the next one's end: a constant share of workers has the new key."""
    if len(fault.steps) < place + 2:
        return samples.clear()
    start, end = fault.steps[place].end_ns + _SETTLED_NS, fault.steps[place + 1].start_ns
    sent, done = pl.col("sent_ns"), pl.col("done_ns")
    return samples.filter((sent > start) & (done < end) & (pl.col("op") != "login") & (pl.col("worker") != ""))
