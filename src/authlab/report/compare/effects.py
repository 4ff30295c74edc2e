"""The size of a difference between two estimates of different runs, with its interval."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from authlab.report.estimates import finite


def difference(value: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """`value` − `base` with a 95 % interval, `low` and `high` None where either has none.

    Runs share no blocks, so nothing can be paired. The interval is recovered from the two single ones (MOVER:
    Newcombe 1998, method 10; Zou and Donner 2008), which holds for unequal and lop-sided intervals as well.
    """
    middle = value["value"] - base["value"]
    if None in (value["low"], value["high"], base["low"], base["high"]):
        return {"value": finite(middle), "low": None, "high": None}
    down = math.hypot(value["value"] - value["low"], base["high"] - base["value"])
    up = math.hypot(value["high"] - value["value"], base["value"] - base["low"])
    return {"value": finite(middle), "low": finite(middle - down), "high": finite(middle + up)}


def ratio(value: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any] | None:
    """`value` / `base` with a 95 % interval: the difference of their logarithms. None where one isn't positive."""
    logs = []
    for estimate in (value, base):
        if not estimate["value"] or estimate["value"] <= 0:
            return None
        ends = {end: estimate[end] for end in ("low", "high")}
        known = all(end is not None and end > 0 for end in ends.values())
        logs.append(
            {
                "value": math.log(estimate["value"]),
                **{end: math.log(number) if known else None for end, number in ends.items()},
            }
        )
    gap = difference(logs[0], logs[1])
    return {end: None if number is None else math.exp(number) for end, number in gap.items()}
