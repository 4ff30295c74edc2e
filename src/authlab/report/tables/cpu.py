"""CPU time per request by part of the stack, with the interval of the total."""

from __future__ import annotations

from typing import Any

from authlab.model.windows import mode_of
from authlab.report.estimates import mean_over_blocks
from authlab.report.setups import Setup

PARTS = ("proxy", "workers", "store")


def cpu_rows(setup: Setup) -> list[dict[str, Any]]:
    """One row per label: `value` is the stack's CPU microseconds per request; `proxy`, `workers`, `store` its parts."""
    rows = []
    for label in setup.labels:
        total = mean_over_blocks(setup.column(label, "cpu_us"))
        if total["value"] is None:
            continue
        parts = {part: mean_over_blocks(setup.column(label, f"{part}_us"))["value"] for part in PARTS}
        rows.append({"label": label, "mode": mode_of(label), **total, **parts})
    return rows
