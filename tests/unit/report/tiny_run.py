"""A run so small that every number of its report can be worked out by hand."""

from __future__ import annotations

import polars as pl

from authlab.model.findings import ExperimentResult, Prediction
from authlab.model.run import Run, Trial
from authlab.store.frames import RESOURCES_SCHEMA, SAMPLES_SCHEMA, WINDOWS_SCHEMA, TrialFrames
from tests.unit.report.made_run import made_run

NS = 1_000_000_000


def tiny_frames(label: str, blocks: list[list[tuple[float, str]]], *, worker_cpu_us: float, first: int) -> TrialFrames:
    """A trial whose block k holds requests of the given response times (ms) and outcomes.

    Worker 1 answers every even request, worker 2 every odd one. Each slice lasts one second and is counted whole.
    """
    rows, windows, resources = [], [], []
    for block, requests in enumerate(blocks):
        index = first + 2 * block
        start = index * NS
        windows.append((index, block, label, start, start, start + NS, len(requests), 0, NS // 10))
        for part, us, rss in (("proxy", 50.0, 10), ("worker-1", worker_cpu_us, 20), ("worker-2", worker_cpu_us, 30)):
            resources.append((index, part, start, start + NS, int(us * 1000 * len(requests)), rss * 1024**2))
        for place, (ms, outcome) in enumerate(requests):
            sent = start + 1000 + place * 1_000_000
            rows.append(
                {
                    **dict.fromkeys(SAMPLES_SCHEMA, None),
                    "window": index,
                    "user": place,
                    "op": "me",
                    "credential": place + 1,
                    "due_ns": sent,
                    "ready_ns": sent,
                    "sent_ns": sent,
                    "done_ns": sent + int(ms * 1e6),
                    "status": 200 if outcome == "ok" else 401,
                    "worker": f"worker-{place % 2 + 1}",
                    "outcome": outcome,
                    "reason": "" if outcome == "ok" else "unknown_session",
                    "label": label,
                    "block": block,
                    "warmup": False,
                    "service_ms": ms,
                    "queue_ms": 0.0,
                    "response_ms": ms,
                    "lag_ms": 0.5,
                }
            )
    return TrialFrames(
        pl.DataFrame(rows, schema=SAMPLES_SCHEMA),
        pl.DataFrame(windows, schema=WINDOWS_SCHEMA, orient="row"),
        pl.DataFrame(resources, schema=RESOURCES_SCHEMA, orient="row"),
    )


def tiny_run() -> tuple[Run, dict[str, TrialFrames]]:
    """`none` answers in 1, 2, 3 ms; `memory` takes twice as long, refuses half, and costs 1.5 times the CPU."""
    none = [[(1.0, "ok"), (2.0, "ok"), (3.0, "ok"), (2.0, "ok")] for _ in range(4)]
    memory = [[(2.0, "ok"), (4.0, "auth"), (6.0, "auth"), (4.0, "ok")] for _ in range(4)]
    frames = {
        "01-none": tiny_frames("none", none, worker_cpu_us=75.0, first=0),
        "02-memory": tiny_frames("memory", memory, worker_cpu_us=125.0, first=1),
    }
    trials = tuple(Trial(id=name, experiment="tiny", stage="n2", mode=name[3:], workers=2, blocks=4) for name in frames)
    result = ExperimentResult(
        id="tiny",
        claim="half is lost",
        predictions=(Prediction("memory", "auth_failure_share", "(N-1)/N", 0.5, workers=2),),
    )
    return made_run(frames, id="tiny", experiments=(result,), trials=trials), frames
