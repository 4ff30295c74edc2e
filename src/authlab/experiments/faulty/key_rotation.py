"""The signing key changes, by five strategies: whose token is refused?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from authlab.experiments.base import Options
from authlab.experiments.faulted import Arm, FaultData, FaultExperiment, FaultStage, fault_stage, repeated
from authlab.experiments.faulty.judging import MORE_USERS, judge_users, result_of, share
from authlab.experiments.faulty.users import asked_after, logouts_per_user
from authlab.experiments.verdicts import judge_at_least
from authlab.model.faults import FaultEvent, PlannedFault
from authlab.model.findings import ExperimentResult, Judgement, Observation, Prediction

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
    """Share of requests refused where a share f of the workers has the new key alone and who is refused logs in again.

    A user's token is of the old or the new key; it is replaced when it is refused, by the kind of the worker that the
    log-in meets. In the long run a share f²/(f²+(1-f)²) of the tokens is new; a new one is refused by 1-f of the
    workers, an old one by f.
    """
    return f * (1 - f) / (f * f + (1 - f) * (1 - f))


def _quantity(f: float) -> str:
    return f"requests_refused_at_{f * 100:.0f}_percent"


class KeyRotation(FaultExperiment):
    """ "Rotate your keys"."""

    id = "key-rotation"
    claim = (
        "a new signing key logs everybody out, unless the old one goes on being accepted until its last token expires"
    )
    summary = "naive swap at once and rolling, overlap long and short enough, compromise: whose token is refused"

    def fault_stages(self, options: Options) -> list[FaultStage]:
        """Five strategies side by side."""
        short_lived = {"AUTHLAB_TOKEN_TTL_S": str(_TTL_S)}
        arms = (
            Arm("jwt-swap", "jwt", (PlannedFault("swap-key", _AT_S),)),
            Arm("jwt-compromise", "jwt", (PlannedFault("compromise-key", _AT_S),)),
            Arm(
                "jwt-rolling",
                "jwt",
                (PlannedFault("swap-key-rolling", _AT_S, value=3.0),),
                workers=_ROLLING_WORKERS,
                relogin="always",
            ),
            Arm(
                "jwt-overlap",
                "jwt",
                (PlannedFault("overlap-key", _AT_S, value=_TTL_S + 1.0),),
                settings=short_lived,
                relogin="always",
            ),
            Arm(
                "jwt-overlap-short",
                "jwt",
                (PlannedFault("overlap-key", _AT_S, value=0.5),),
                relogin="always",
            ),
        )
        return repeated(options, lambda key, seed: fault_stage(options, key, arms, _DURATION_S, seed))

    def predictions(self, options: Options) -> list[Prediction]:
        """The matrix."""
        if not self.fault_stages(options)[0].arms:
            return []
        return [
            Prediction("jwt-swap", ANYBODY, "1", 1.0, 0.05),
            Prediction("jwt-compromise", ANYBODY, "1", 1.0, 0.05),
            Prediction("jwt-compromise", STILL_TAKEN, "0 (it stops at once)", 0.0, 0.05),
            *(
                Prediction("jwt-rolling", _quantity(f), "f(1-f)/(f²+(1-f)²)", refused_share(f), 0.1, _ROLLING_WORKERS)
                for f in _SHARES
            ),
            Prediction("jwt-overlap", ANYBODY, "0 (the old key outlives its last token)", 0.0, 0.05),
            Prediction("jwt-overlap-short", ANYBODY, "some", None, rule=f"at least {SOME:g} of the users"),
        ]

    def judge_faults(self, predictions: Sequence[Prediction], data: Sequence[FaultData]) -> ExperimentResult:
        """Per user, and per request on the plateaus of the rolling swap."""
        return result_of(
            self,
            predictions,
            [_observed(p.mode, p.quantity, data) for p in predictions],
            data,
            "a key rotation logs out whom the model says, and nobody if the old key outlives its last token",
            "a key rotation did not do what the model says",
            _judge,
        )


EXPERIMENT: Final = KeyRotation()


def _judge(prediction: Prediction, seen: Observation | None, doubts: Sequence[str]) -> Judgement:
    if prediction.value is None:
        return judge_at_least(prediction, seen, SOME, doubts, MORE_USERS)
    return judge_users(prediction, seen, doubts)


def _observed(label: str, quantity: str, data: Sequence[FaultData]) -> Observation | None:
    hits = of = 0
    for stage in data:
        if label not in stage.frames or not stage.faults[label]:
            continue
        samples, fault = stage.frames[label].samples, stage.faults[label][0]
        if quantity == ANYBODY:
            counts = logouts_per_user(samples, asked_after(samples, fault)).values()
            hits, of = hits + sum(count > 0 for count in counts), of + len(counts)
        elif quantity == STILL_TAKEN:
            old = samples.filter(
                (pl.col("issued_ns") > 0)
                & (pl.col("issued_ns") < fault.start_ns)
                & (pl.col("sent_ns") > max((step.gone_ns for step in fault.steps), default=fault.start_ns))
                & pl.col("outcome").is_in(["ok", "auth"])
            )
            hits, of = hits + old.filter(pl.col("outcome") == "ok").height, of + old.height
        else:
            place = [_quantity(f) for f in _SHARES].index(quantity)
            rows = plateau(samples, fault, place)
            hits, of = hits + rows.filter(pl.col("outcome") == "auth").height, of + rows.height
    return share(label, quantity, hits, of, data)


def plateau(samples: pl.DataFrame, fault: FaultEvent, place: int) -> pl.DataFrame:
    """The requests between the return of one worker and the leave of the next: a constant share has the new key."""
    if len(fault.steps) < place + 2:
        return samples.clear()
    start, end = fault.steps[place].end_ns + _SETTLED_NS, fault.steps[place + 1].start_ns
    sent, done = pl.col("sent_ns"), pl.col("done_ns")
    return samples.filter((sent > start) & (done < end) & (pl.col("op") != "login") & (pl.col("worker") != ""))
