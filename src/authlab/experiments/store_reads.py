"""What reading a session costs at the store. It depends on disk and machine, and is therefore not predicted."""

from __future__ import annotations

from typing import Final

import numpy as np

from authlab.experiments.evidence import Evidence
from authlab.experiments.expectation import Measured
from authlab.model.session_store import StoreProbe
from authlab.stats.percentiles import block_percentiles

READ: Final = "getex_us"
WRITTEN: Final = "aof_bytes_per_getex"


def read_us(evidence: Evidence, label: str) -> Measured | None:
    """The median round trip of a GETEX in µs; None if it was not measured.

    Calls of all repetitions are pooled. The interval is a bootstrap over the batches in which the arms took turns.
    """
    probed = _probed(evidence, label)
    if not probed:
        return None
    batches = [probe for probes in probed for probe in probes]
    times = [call for probe in batches for call in probe.calls_us]
    owners = [number for number, probe in enumerate(batches) for _ in probe.calls_us]
    generator = np.random.default_rng(evidence.plans[0].plan.seed)
    for median in block_percentiles(times, owners, [50.0], rng=generator):
        ends = None if np.isnan(median.low) else (median.low, median.high)
        note = "the median of single calls on a warm connection, before the load began"
        return Measured(median.value, ends, len(probed), len(times), "us", note)
    return None


def written_bytes(evidence: Evidence, label: str) -> Measured | None:
    """Bytes that a GETEX adds to the append-only file; None if it was not measured.

    The interval is the range of the repetitions, which differ very little.
    """
    probed = _probed(evidence, label)
    if not probed:
        return None
    calls = [sum(len(probe.calls_us) for probe in probes) for probes in probed]
    each = [sum(p.aof_bytes or 0 for p in probes) / n for probes, n in zip(probed, calls, strict=True)]
    kept = any(probe.aof_bytes is not None for probes in probed for probe in probes)
    note = "the range of all repetitions" if kept else "it keeps no append-only file"
    return Measured(float(np.mean(each)), (min(each), max(each)), len(probed), sum(calls), "bytes", note)


def _probed(evidence: Evidence, label: str) -> list[tuple[StoreProbe, ...]]:
    return [arm.probes for arm in evidence.of(label) if arm.probes]
