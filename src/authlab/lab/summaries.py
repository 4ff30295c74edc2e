"""A trial in a few numbers, and whether it can be trusted."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from authlab.checkers.guards import generator_share, lag_p99_ms, stack_share, trial_reasons, unserved_share
from authlab.model.conditions import Conditions
from authlab.stats.blocks import measured
from authlab.store.frames import TrialFrames


def reasons_of(tables: TrialFrames, conditions: Conditions | None, stack_cores: int | None) -> tuple[str, ...]:
    """Why the trial is not valid: empty if it is. See `authlab.checkers.guards.trial_reasons`."""
    return trial_reasons(tables.samples, tables.windows, tables.resources, conditions, stack_cores)


def summary_of(
    tables: TrialFrames, conditions: Conditions | None = None, stack_cores: int | None = None
) -> dict[str, Any]:
    """A trial in a few numbers, for run.json."""
    kept = measured(tables.samples)
    outcomes = dict(kept["outcome"].value_counts().sort("outcome").iter_rows())
    return {
        "requests": kept.height,
        "outcomes": outcomes,
        "blocks": tables.windows["block"].n_unique(),
        "p50_ms": _rounded(kept["response_ms"].quantile(0.5)),
        "p99_ms": _rounded(kept["response_ms"].quantile(0.99)),
        "generator_cpu_share": _rounded(generator_share(tables.windows)),
        "stack_cpu_share": _rounded(stack_share(tables.resources, stack_cores) if stack_cores else None),
        "lag_p99_ms": _rounded(lag_p99_ms(tables.samples)),
        "unserved_share": _rounded(unserved_share(tables.windows)),
        **({} if conditions is None else {"conditions": asdict(conditions)}),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 5)
