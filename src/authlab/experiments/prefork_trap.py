"""Several processes in one worker: their memory looks shared, but it is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import polars as pl

from authlab.experiments.counting import rows_where, share
from authlab.experiments.evidence import ArmData, Evidence
from authlab.experiments.expectation import Expectation, Measured, also, expect
from authlab.experiments.experiment import StackExperiment
from authlab.experiments.options import Options
from authlab.experiments.planning import loaded, repeated, side_by_side
from authlab.model.machine import MachineFacts
from authlab.model.plan import Plan
from authlab.stats.blocks import measured

PROCESSES: Final = (1, 2, 4)
_WORKERS: Final = 2
_DURATION_S: Final = 10.0
_SINGLE: Final = "sticky"
_SEVERAL: Final = tuple(f"sticky-{k}-processes" for k in PROCESSES if k > 1)

REFUSED: Final = "requests_refused"
BEYOND: Final = "requests_refused_beyond_the_formula"


class PreforkTrap(StackExperiment):
    """ "Login breaks with more than one process"."""

    id = "prefork-trap"
    claim = "a session in memory needs a single process: with k of them a worker forgets, stickiness or not"
    summary = "1, 2 and 4 processes in each worker under sticky routing: most requests are refused"
    holds = "with several processes in a worker, the share of requests refused is that of the formula"
    fails = "the share of requests refused differs from the formula"

    def plan(self, options: Options, machine: MachineFacts) -> list[Plan]:  # noqa: ARG002
        """One arm for each number of processes, without faults."""
        arms = [
            loaded(
                options,
                f"sticky-{k}-processes" if k > 1 else _SINGLE,
                "sticky",
                workers=_WORKERS,
                settings={"AUTHLAB_PROCESSES": str(k)},
                relogin="never",
                mix={"me": 1.0},
            )
            for k in PROCESSES
        ]
        return repeated(options, lambda stage, seed: side_by_side(options, stage, arms, _DURATION_S, seed))

    def rows(self, plans: Sequence[Plan]) -> list[Expectation]:  # noqa: ARG002
        """Nothing is refused with one process. With several, the formula uses the shares that each process served."""
        formula = "0, where the formula is 1 - Σqp: q the sessions in a process, p the requests it takes"
        return [
            expect(_SINGLE, REFUSED, 0.0, _refused, margin=0.01),
            *(expect(arm, BEYOND, 0.0, _beyond, formula=formula, margin=0.06) for arm in _SEVERAL),
            also(_SINGLE, BEYOND, _beyond),
            *(also(arm, REFUSED, _refused) for arm in _SEVERAL),
        ]


EXPERIMENT: Final = PreforkTrap()

_refused: Final = share(rows_where(lambda arm: measured(arm.samples), pl.col("outcome") == "auth"))


def _beyond(evidence: Evidence, label: str) -> Measured | None:
    """The share of requests refused minus that of the formula, over all repetitions."""
    plain = _refused(evidence, label)
    if plain is None or plain.value is None or plain.interval is None:
        return None
    expected = sum(expected_share(arm.samples) * _asked(arm) for arm in evidence.of(label)) / plain.samples
    low, high = plain.interval
    note = f"the formula gives {expected:.3f}"
    return replace(plain, value=plain.value - expected, interval=(low - expected, high - expected), note=note)


def _asked(arm: ArmData) -> int:
    return measured(arm.samples).height


def expected_share(samples: pl.DataFrame) -> float:
    """1 - Σqp over the processes of each worker.

    q is the share of the requests whose session lies in a process, and p is the share of the requests that the process
    serves. If log-ins are distributed as the other requests are, q equals p, and the result is 1 - Σp². X-Worker names
    the process: worker-1.p2.
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
