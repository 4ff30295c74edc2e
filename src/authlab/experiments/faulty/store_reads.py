"""What reading a session costs at the store, observed and not predicted: the disk and the machine decide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from authlab.experiments.faulted import FaultData
from authlab.model.findings import Observation
from authlab.stats.percentiles import block_percentiles

READ: Final = "getex_us"
WRITTEN: Final = "aof_bytes_per_getex"


def store_reads(label: str, data: Sequence[FaultData]) -> list[Observation]:
    """The median round trip of a GETEX in µs and the bytes of append-only file that it adds, if they were measured.

    Calls of all repetitions are pooled. The interval of the median is a bootstrap over the batches in which the arms
    took turns; that of the bytes is the range of the repetitions, for they hardly differ.
    """
    probed = [stage.probes[label] for stage in data if stage.probes.get(label)]
    if not probed:
        return []
    stage = data[0].stage
    calls = [(call, batch) for batch, probe in enumerate(sum(probed, ())) for call in probe.calls_us]
    times, batches = zip(*calls, strict=True)
    found = []
    for median in block_percentiles(times, batches, [50.0], rng=np.random.default_rng(stage.seed)):
        ends = None if np.isnan(median.low) else (median.low, median.high)
        note = "the median of single calls on a warm connection, before the load began"
        observed = (median.value, ends, len(probed), len(calls), "us", stage.workers)
        found.append(Observation(label, READ, *observed, note=note))
    bytes_each = [sum(p.aof_bytes or 0 for p in probes) / sum(len(p.calls_us) for p in probes) for probes in probed]
    kept = any(probe.aof_bytes is not None for probes in probed for probe in probes)
    note = "the range of all repetitions" if kept else "it keeps no append-only file"
    mean, ends = float(np.mean(bytes_each)), (min(bytes_each), max(bytes_each))
    found.append(Observation(label, WRITTEN, mean, ends, len(probed), len(calls), "bytes", stage.workers, note=note))
    return found
