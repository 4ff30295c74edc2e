"""One worker's clock is off: whose tokens are refused, and which are taken for too long?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from authlab.experiments.base import Options
from authlab.experiments.faulted import Arm, FaultData, FaultExperiment, FaultStage, fault_stage, repeated
from authlab.experiments.faulty.judging import result_of, share
from authlab.model.faults import FaultEvent, PlannedFault
from authlab.model.findings import ExperimentResult, Observation, Prediction

_AT_S: Final = 2.0
_LASTS_S: Final = 19.0
_DURATION_S: Final = 22.0
_TTL_S: Final = 6
_SKEW_S: Final = 3
_USERS: Final = 200
"""Each asks seldom, so that tokens grow old: one that is refused is replaced, and a third of the requests refuse a
young one. With 50 users at the default rate about 14 requests in a trial show an expired token, with 200 about 100."""

OLD_REFUSED: Final = "requests_refused_in_the_last_seconds_of_a_token"
FRESH_REFUSED: Final = "requests_refused_with_fresh_tokens"
OWN_REFUSED: Final = "requests_refused_with_fresh_tokens_of_the_skewed"
TOO_LONG: Final = "requests_taken_after_expiry"

Stretch = tuple[float, float]
_LAST_SECONDS: Final[Stretch] = (_TTL_S - _SKEW_S, _TTL_S - 1.0)
_FIRST_SECONDS: Final[Stretch] = (0.0, _SKEW_S - 1.0)
_AFTER_EXPIRY: Final[Stretch] = (_TTL_S, _TTL_S + _SKEW_S - 1.0)
"""Ages of tokens in seconds. They tell whole seconds, so that each border is uncertain by one: it is left out."""


class ClockSkew(FaultExperiment):
    """ "Our servers' clocks differ a little"."""

    id = "clock-skew"
    claim = "a worker whose clock is off by s seconds refuses good tokens or takes expired ones for s seconds"
    summary = "one worker 3 s ahead, behind, and ahead with leeway: refusals by the age of the token"

    def fault_stages(self, options: Options) -> list[FaultStage]:
        """Ahead, behind, and ahead with a leeway as large."""
        arms = [
            Arm(
                label,
                "jwt",
                (PlannedFault("clock-skew", _AT_S, _LASTS_S, value),),
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
        return repeated(options, lambda key, seed: fault_stage(options, key, arms, _DURATION_S, seed))

    def predictions(self, options: Options) -> list[Prediction]:
        """1/N of the requests meet the worker that is off, (N-1)/N of them the others."""
        if not self.fault_stages(options)[0].arms:
            return []
        n = options.workers
        return [
            Prediction("jwt-ahead", OLD_REFUSED, "1/N (by the worker that is ahead)", 1 / n, 0.1, n),
            Prediction(
                "jwt-ahead", OWN_REFUSED, "(N-1)/N (by the others: issued in their future)", (n - 1) / n, 0.15, n
            ),
            Prediction("jwt-behind", FRESH_REFUSED, "1/N (by the worker that is behind)", 1 / n, 0.1, n),
            Prediction("jwt-behind", TOO_LONG, "1/N (by the worker that is behind)", 1 / n, 0.2, n),
            Prediction("jwt-ahead-leeway", OLD_REFUSED, "0 (the leeway covers it)", 0.0, 0.02, n),
            Prediction("jwt-ahead-leeway", OWN_REFUSED, "0 (the leeway covers it)", 0.0, 0.05, n),
        ]

    def judge_faults(self, predictions: Sequence[Prediction], data: Sequence[FaultData]) -> ExperimentResult:
        """By the age of the token that was shown, and by who issued it."""
        return result_of(
            self,
            predictions,
            [_observed(p.mode, p.quantity, data) for p in predictions],
            data,
            "a clock that is off refuses and prolongs for as long as it is off, on the worker's share of the requests",
            "the refusals are not those of the model",
        )


EXPERIMENT: Final = ClockSkew()


def _observed(label: str, quantity: str, data: Sequence[FaultData]) -> Observation | None:
    hits = of = 0
    for stage in data:
        if label not in stage.frames or not stage.faults[label]:
            continue
        fault = stage.faults[label][0]
        shown = with_issuers(stage.frames[label].samples, fault)
        own = pl.col("issuer") == fault.target
        if quantity == OLD_REFUSED:
            rows, wanted = _aged(shown.filter(own.not_()), _LAST_SECONDS), "auth"
        elif quantity == FRESH_REFUSED:
            rows, wanted = _aged(shown.filter(own.not_()), _FIRST_SECONDS), "auth"
        elif quantity == OWN_REFUSED:
            rows, wanted = _aged(shown.filter(own), _FIRST_SECONDS), "auth"
        else:
            rows, wanted = _aged(shown.filter(own.not_()), _AFTER_EXPIRY), "ok"
        hits, of = hits + rows.filter(pl.col("outcome") == wanted).height, of + rows.height
    return share(label, quantity, hits, of, data)


def with_issuers(samples: pl.DataFrame, fault: FaultEvent) -> pl.DataFrame:
    """Answered requests while the clock was off, with `issuer` (the worker that gave the token) and `age_s`."""
    logins = samples.filter((pl.col("op") == "login") & (pl.col("outcome") == "ok")).select(
        "user", issued_ns="done_ns", issuer="worker"
    )
    # The restarts that set the clock and set it right again: what lies between them met it off.
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


def _aged(shown: pl.DataFrame, stretch: Stretch) -> pl.DataFrame:
    return shown.filter((pl.col("age_s") >= stretch[0]) & (pl.col("age_s") < stretch[1]))
