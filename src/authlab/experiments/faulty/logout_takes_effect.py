"""How long does a revoked credential work?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from authlab.checkers.no_use_after_logout import late_requests
from authlab.experiments.base import Options
from authlab.experiments.faulted import Arm, FaultData, FaultExperiment, FaultStage, fault_stage, repeated
from authlab.experiments.faulty.judging import mean, result_of, share
from authlab.model.findings import ExperimentResult, Observation, Prediction

_DURATION_S: Final = 20.0
_TTL_S: Final = 15

TAKEN: Final = "requests_taken_after_log_out"
BEYOND: Final = "seconds_beyond_expiry_of_the_token"

_SESSIONS: Final = ("sticky", "redis")
_TOKENS: Final = ("jwt", "jwt-cookie")


class LogoutTakesEffect(FaultExperiment):
    """ "A token cannot be revoked"."""

    id = "logout-takes-effect"
    claim = "a log-out ends a session at once, and a plain token not before it expires"
    summary = "users log out and go on showing the old credential: how long it is taken"

    def fault_stages(self, options: Options) -> list[FaultStage]:
        """Users who leave, and thieves who go on."""
        arms = [
            Arm(
                mode,
                mode,
                settings={"AUTHLAB_TOKEN_TTL_S": str(_TTL_S)} if mode in _TOKENS else {},
                relogin="never",
                scenario="leave",
            )
            for mode in (*_SESSIONS, *_TOKENS)
        ]
        return repeated(options, lambda key, seed: fault_stage(options, key, arms, _DURATION_S, seed))

    def predictions(self, options: Options) -> list[Prediction]:
        """At once, or at the token's expiry."""
        found = [
            *(Prediction(m, TAKEN, "0", 0.0, 0.01) for m in _SESSIONS),
            *(Prediction(m, BEYOND, "0 (remaining life + leeway, ± 1 s)", 0.0, 1.0) for m in _TOKENS),
        ]
        labels = {arm.label for stage in self.fault_stages(options) for arm in stage.arms}
        return [prediction for prediction in found if prediction.mode in labels]

    def judge_faults(self, predictions: Sequence[Prediction], data: Sequence[FaultData]) -> ExperimentResult:
        """Requests sent after a log-out had been acknowledged; and per user, when they were first refused."""
        seen: list[Observation | None] = []
        for label in dict.fromkeys(label for stage in data for label in stage.frames):
            taken = total = 0
            beyond: list[float] = []
            for stage in data:
                if label in stage.frames:
                    late = late_requests(stage.frames[label].samples)
                    taken, total = taken + late.filter("accepted").height, total + late.height
                    beyond += _beyond_expiry(late)
            seen.append(share(label, TAKEN, taken, total, data, f"{taken} of {total} requests"))
            if label in _TOKENS:
                seen.append(mean(label, BEYOND, beyond, data, "s"))
        return result_of(
            self,
            predictions,
            seen,
            data,
            "a log-out ends a session at once; a plain token works until it expires",
            "revoked credentials did not work for as long as the model says",
        )


EXPERIMENT: Final = LogoutTakesEffect()


def _beyond_expiry(late: pl.DataFrame) -> list[float]:
    """Seconds from each token's expiry to its end as seen: between its last success and its first refusal."""
    found = []
    for (_,), rows in late.partition_by("user", as_dict=True).items():
        taken = rows.filter("accepted")["sent_ns"].max()
        first_ns = taken if isinstance(taken, int) else 0
        refused = rows.filter(pl.col("accepted").not_() & (pl.col("sent_ns") > first_ns))["done_ns"].min()
        expires = rows["expires_ns"][0]
        if isinstance(taken, int) and isinstance(refused, int) and expires:
            found.append(((taken + refused) / 2 - expires) / 1e9)
    return found
