"""Hand-made interleaved plans: as many blocks and requests as asked, with known failure shares and CPU per request."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from authlab.experiments.evidence import ArmData, PlanData
from authlab.model.modes import MODES
from authlab.model.plan import Arm, Interleaved, Plan
from authlab.model.windows import AGAIN, mode_of
from authlab.store.frames import RESOURCES_SCHEMA, SAMPLES_SCHEMA, WINDOWS_SCHEMA, TrialFrames

_S = 1_000_000_000
_REQUESTS = 200


def made_plan(
    failing: dict[str, float],
    cpu_us: dict[str, float],
    *,
    blocks: int = 24,
    workers: int = 3,
    noise: float = 0.02,
    labels: tuple[str, ...] | None = None,
    seed: int = 5,
    stage: str = "main",
    rounds: int = 1,
    starts: float = 0.0,
    measured: int | None = None,
) -> PlanData:
    """A plan in which each mode fails its share and costs its CPU per request, give or take `noise` per block.

    The starts of each round differ by `starts`. Only the first blocks were `measured`, if that is given.
    """
    rng = np.random.default_rng(seed)
    modes = tuple(failing)
    labels = labels or tuple(dict.fromkeys((modes[0], modes[0] + AGAIN, *modes[1:])))
    two = {mode: mode + AGAIN in labels and mode + AGAIN not in modes for mode in modes}
    arms = [Arm(mode, MODES[mode_of(mode)], workers, 10, float(_REQUESTS), 1 + two[mode]) for mode in modes]
    plan = Plan(stage, tuple(arms), Interleaved(blocks, 1.0, 0.1, 0.0, rounds), 1)
    costs = {mode: cpu_us[mode] * np.repeat(rng.lognormal(0, starts, rounds), plan.rounds) for mode in modes}
    frames = {}
    for mode in modes:
        tables = [
            _slice(rng, block * len(labels) + n, label, block, failing[mode], costs[mode][block], noise)
            for block in range(measured or blocks)
            for n, label in enumerate(labels)
            if label in (mode, mode + AGAIN * two[mode])
        ]
        frames[mode] = TrialFrames(*(pl.concat(parts) for parts in zip(*tables, strict=True)))
    return PlanData(plan, {mode: ArmData(plan.arm(mode), tables) for mode, tables in frames.items()})


def _slice(
    rng: np.random.Generator, index: int, label: str, block: int, failing: float, cpu_us: float, noise: float
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    start = index * _S
    due = start + np.sort(rng.integers(0, _S, _REQUESTS))
    service = (rng.lognormal(0.7, 0.3, _REQUESTS) * 1e6).astype(np.int64)
    bad = np.arange(_REQUESTS) < round(failing * _REQUESTS)
    rng.shuffle(bad)
    samples = pl.DataFrame(
        {
            "window": index,
            "user": rng.integers(0, 10, _REQUESTS),
            "op": "me",
            "credential": 1,
            "issued_ns": 1,
            "expires_ns": 0,
            "due_ns": due,
            "ready_ns": due,
            "sent_ns": due,
            "done_ns": due + service,
            "status": np.where(bad, 401, 200),
            "worker": [f"worker-{n % 3 + 1}" for n in range(_REQUESTS)],
            "outcome": np.where(bad, "auth", "ok"),
            "reason": np.where(bad, "unknown_session", ""),
            "request_id": "",
            "item": "",
            "cart": "",
            "label": label,
            "block": block,
            "warmup": due < start + _S // 10,
            "service_ms": service / 1e6,
            "queue_ms": 0.0,
            "response_ms": service / 1e6,
            "lag_ms": 0.1,
        },
        schema=pl.Schema(SAMPLES_SCHEMA),
    )
    window = pl.DataFrame(
        [[index, block, label, start, start + _S // 10, start + _S, _REQUESTS, 0, _S // 5]],
        schema=pl.Schema(WINDOWS_SCHEMA),
        orient="row",
    )
    counted = int(((due + service > start) & (due + service <= start + _S)).sum())
    cpu = int(counted * cpu_us * 1000 * rng.lognormal(0, noise))
    parts = {"proxy": cpu // 4, "worker-1": cpu // 2, "worker-2": cpu - cpu // 4 - cpu // 2, "generator": 7}
    resources = pl.DataFrame(
        [[index, part, start, start + _S, ns, 50_000_000] for part, ns in parts.items()],
        schema=pl.Schema(RESOURCES_SCHEMA),
        orient="row",
    )
    return samples, window, resources


def made_data_of(
    plan: Plan, cpu_us: Mapping[str, float], *, noise: float = 0.02, starts: float = 0.0, seed: int = 5
) -> PlanData:
    """An interleaved plan as if it had been carried out: each label costs its CPU per request.

    Each block's CPU differs by `noise`, and each start's by `starts`: what a start got stays with it for its round.
    """
    rng = np.random.default_rng(seed)
    tables: dict[str, list[tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]]] = {label: [] for label in plan.labels}
    block = index = 0
    for size in plan.rounds:
        luck = dict(zip(plan.labels, rng.lognormal(0, starts, len(plan.labels)), strict=True))
        for _ in range(size):
            for label in plan.labels:
                tables[label].append(_slice(rng, index, label, block, 0.0, cpu_us[label] * luck[label], noise))
                index += 1
            block += 1
    frames = {
        label: TrialFrames(*(pl.concat(part) for part in zip(*parts, strict=True))) for label, parts in tables.items()
    }
    return PlanData(plan, {label: ArmData(plan.arm(label), held) for label, held in frames.items()})
