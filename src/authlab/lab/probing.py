"""Times reads at the stores of several arms, in turns: whatever the machine does meanwhile affects all alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

from authlab.model.errors import LabError
from authlab.model.session_store import StoreProbe
from authlab.stack.capabilities import Probing

CALLS: Final = 20
TURNS: Final = 10
WITHIN_S: Final = 10.0
"""No turn begins later than this. On a slow disk each call of a store that always flushes takes tens of ms."""


def probe_stores(stores: Mapping[str, Probing], note: Callable[[str], None]) -> dict[str, tuple[StoreProbe, ...]]:
    """`TURNS` probes of `CALLS` calls of each stack's store, by the arms' labels.

    A store that can't be probed is left out, and `note` gets the reason.
    """
    found: dict[str, list[StoreProbe]] = {label: [] for label in stores}
    until = time.monotonic() + WITHIN_S
    for turn in range(TURNS):
        if time.monotonic() > until:
            break
        for label in list(found)[:: -1 if turn % 2 else 1]:  # no store is always the first after a pause
            try:
                found[label].append(stores[label].probe_store(CALLS))
            except LabError as error:
                del found[label]
                note(f"{label}: the cost of reading a session was not measured: {error}")
    return {label: tuple(probes) for label, probes in found.items()}


def in_numbers(probes: tuple[StoreProbe, ...]) -> dict[str, float | int | None]:
    """Probes of one store in a few numbers, for run.json."""
    pooled = StoreProbe(
        tuple(call for probe in probes for call in probe.calls_us),
        None if any(probe.aof_bytes is None for probe in probes) else sum(probe.aof_bytes or 0 for probe in probes),
    )
    return {
        "calls": len(pooled.calls_us),
        "getex_us": round(pooled.median_us, 1),
        "aof_bytes_per_getex": pooled.aof_bytes_per_call,
    }
