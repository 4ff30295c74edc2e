"""Several processes in one worker: memory that looks shared, and is not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from authlab.experiments.base import Options
from authlab.experiments.faulted import Arm, FaultData, FaultExperiment, FaultStage, fault_stage, repeated
from authlab.experiments.faulty.judging import result_of, share
from authlab.model.findings import ExperimentResult, Observation, Prediction
from authlab.stats.blocks import measured

PROCESSES: Final = (1, 2, 4)
_DURATION_S: Final = 10.0

REFUSED: Final = "requests_refused"
BEYOND: Final = "requests_refused_beyond_the_formula"


class PreforkTrap(FaultExperiment):
    """ "Login breaks with more than one process"."""

    id = "prefork-trap"
    claim = "a session in memory needs a single process: with k of them a worker forgets, stickiness or not"
    summary = "1, 2 and 4 processes in each worker under sticky routing: 1 - Σqp of the requests fail"

    def fault_stages(self, options: Options) -> list[FaultStage]:
        """One arm for each number of processes; nothing is harmed."""
        arms = [
            Arm(
                f"sticky-{k}-processes" if k > 1 else "sticky",
                "sticky",
                workers=2,
                settings={"AUTHLAB_PROCESSES": str(k)},
                relogin="never",
                mix={"me": 1.0},
            )
            for k in PROCESSES
        ]
        return repeated(options, lambda key, seed: fault_stage(options, key, arms, _DURATION_S, seed))

    def predictions(self, options: Options) -> list[Prediction]:
        """None with one process; the formula, from the shares that each process took, with several."""
        found = []
        for arm in self.fault_stages(options)[0].arms:
            if arm.label == "sticky":
                found.append(Prediction(arm.label, REFUSED, "0", 0.0, 0.01))
            else:
                formula = "0, where the formula is 1 - Σqp: q the sessions in a process, p the requests it takes"
                found.append(Prediction(arm.label, BEYOND, formula, 0.0, 0.06))
        return found

    def judge_faults(self, predictions: Sequence[Prediction], data: Sequence[FaultData]) -> ExperimentResult:
        """Shares of requests after log-in, over all repetitions."""
        seen: list[Observation | None] = []
        for label in dict.fromkeys(label for stage in data for label in stage.frames):
            whole = [stage.frames[label].samples for stage in data if label in stage.frames]
            asked = [measured(samples) for samples in whole]
            refused = sum(rows.filter(pl.col("outcome") == "auth").height for rows in asked)
            total = sum(rows.height for rows in asked)
            plain = share(label, REFUSED, refused, total, data)
            seen.append(plain)
            if plain is not None and plain.value is not None and plain.interval is not None:
                pairs = zip(whole, asked, strict=True)
                expected = sum(expected_share(samples) * rows.height for samples, rows in pairs) / total
                low, high = plain.interval
                seen.append(
                    Observation(
                        label,
                        BEYOND,
                        plain.value - expected,
                        (low - expected, high - expected),
                        len(data),
                        total,
                        "share",
                        plain.workers,
                        note=f"the formula gives {expected:.3f}",
                    )
                )
        return result_of(
            self,
            predictions,
            seen,
            data,
            "with several processes in a worker 1 - Σqp of the requests meet one that does not know them",
            "the share refused is not what the formula says",
        )


EXPERIMENT: Final = PreforkTrap()


def expected_share(samples: pl.DataFrame) -> float:
    """1 - Σqp over the processes of each worker: q is the share of the requests whose session lies in a process, p the
    share that it serves. Where log-ins are dealt out as the other requests are, q is p, and it is 1 - Σp².

    Processes are told apart by X-Worker: worker-1.p2.
    """
    homes = (
        samples.filter((pl.col("op") == "login") & (pl.col("outcome") == "ok"))
        .select("user", home="worker")
        .unique("user")
    )
    rows = measured(samples).filter(pl.col("worker") != "").join(homes, on="user", how="inner")
    if rows.is_empty():
        return 0.0
    counts = rows.with_columns(host=pl.col("worker").str.split(".p").list.first())
    served = counts.group_by("host", "worker").len("n").with_columns(p=pl.col("n") / pl.col("n").sum().over("host"))
    met = rows.select(worker="home").join(served.select("worker", "p"), on="worker", how="left")
    return float((1 - met["p"].fill_null(0.0)).to_numpy().mean())
