"""A made-up run of a fault experiment, small enough to count by hand: arms, faults, and what the real checkers say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from authlab.checkers.history import check_history
from authlab.model.faults import FaultEvent, PlannedFault
from authlab.model.findings import ExperimentResult, Judgement, Observation, Prediction, Verdict
from authlab.model.history import TrialHistory
from authlab.model.modes import mode_named
from authlab.model.plan import Arm, Plan, SideBySide
from authlab.model.run import Run, Trial
from authlab.store.frames import RESOURCES_SCHEMA, SAMPLES_SCHEMA, WINDOWS_SCHEMA, TrialFrames
from tests.unit.report.made_run import made_run

NS = 1_000_000_000
ORIGIN = 7_000 * NS
USERS = 12
SECONDS = 12
EXPERIMENT = "worker-crash"


@dataclass(frozen=True)
class Blow:
    """One fault of an arm, in seconds after its load's start; `outcome` is what the hit requests then get."""

    kind: str
    target: str
    at_s: float
    for_s: float | None
    proof: str
    outcome: str = "ok"
    status: int = 200
    reason: str = ""

    def planned(self) -> PlannedFault:
        """As it was planned."""
        return PlannedFault(self.kind, self.at_s, self.for_s, target=self.target)

    def event(self) -> FaultEvent:
        """As it happened."""
        start = ORIGIN + int(self.at_s * NS)
        return FaultEvent(
            self.kind, self.target, start, None if self.for_s is None else start + int(self.for_s * NS), self.proof
        )


CRASH = Blow("crash-worker", "worker-2", 4.0, 1.5, "pid 4711 was gone after 12 ms", "auth", 401, "unknown_session")
STORE = Blow("restart-store", "store", 4.25, 2.0, "the store refused for 1,998 ms", "server", 503, "store_unavailable")
PAUSE = Blow("pause-worker", "worker-1", 6.0, 0.0, "", "timeout", 0, "timeout")
ARMS: dict[str, tuple[Blow, ...]] = {"none": (), "sticky": (CRASH,), "redis-aof": (STORE,), "sticky-pause": (PAUSE,)}


def arm_frames(label: str, blows: tuple[Blow, ...]) -> TrialFrames:
    """Every user logs in before the load, then asks twice a second; user n is served by worker n mod 3 + 1.

    A crashed worker refuses the first request that comes after its end; a store or a pause hurts while it lasts.
    """
    rows = [_row(label, user, -1.0 + user / 100, "login", 0) for user in range(USERS)]
    hit: set[tuple[int, str]] = set()
    for half in range(SECONDS * 2):
        for user in range(USERS):
            at_s = half / 2 + user / 100
            row = _row(label, user, at_s, "me", user + 1)
            for blow in blows:
                if _hurts(blow, row["worker"], at_s) and not (blow.outcome == "auth" and (user, blow.kind) in hit):
                    hit.add((user, blow.kind))
                    worker = "" if blow.status == 0 else row["worker"]
                    row |= {"outcome": blow.outcome, "status": blow.status, "reason": blow.reason, "worker": worker}
            rows.append(row)
    window = (0, 0, label, ORIGIN, ORIGIN, ORIGIN + SECONDS * NS, SECONDS * 2 * USERS, 0, NS // 10)
    return TrialFrames(
        pl.DataFrame(rows, schema=SAMPLES_SCHEMA),
        pl.DataFrame([window], schema=WINDOWS_SCHEMA, orient="row"),
        pl.DataFrame(schema=RESOURCES_SCHEMA),
    )


def _hurts(blow: Blow, worker: str, at_s: float) -> bool:
    end_s = blow.at_s + (blow.for_s or 0.5)
    if blow.outcome == "auth":
        return worker == blow.target and at_s >= end_s
    return blow.at_s <= at_s < end_s and blow.target in ("store", worker)


def _row(label: str, user: int, at_s: float, op: str, credential: int) -> dict[str, Any]:
    sent, login = ORIGIN + int(at_s * NS), ORIGIN + int((-1.0 + user / 100) * NS)
    return {
        "window": 0 if at_s >= 0 else -1,
        "user": user,
        "op": op,
        "credential": credential,
        "issued_ns": login + 3_000_000 if credential else 0,
        "expires_ns": ORIGIN + 1800 * NS if credential else 0,
        "due_ns": sent,
        "ready_ns": sent,
        "sent_ns": sent,
        "done_ns": sent + 3_000_000,
        "status": 200,
        "worker": f"worker-{user % 3 + 1}",
        "outcome": "ok",
        "reason": "",
        "request_id": f"{label[:4].encode().hex()}{user:04d}{int(at_s * 1000) + 2000:08d}",
        "item": "",
        "cart": "",
        "label": label if at_s >= 0 else "",
        "block": 0 if at_s >= 0 else -1,
        "warmup": at_s < 0,
        "service_ms": 3.0,
        "queue_ms": 0.0,
        "response_ms": 3.0,
        "lag_ms": 0.1,
    }


def fault_run(repeat: int = 1) -> tuple[Run, dict[str, TrialFrames], dict[str, TrialHistory]]:
    """The run, its tables and its histories; with `repeat`, as many stages "r1", "r2", …"""
    trials, frames, histories = [], {}, {}
    for number in range(repeat):
        for place, (label, blows) in enumerate(ARMS.items(), start=11 + number * len(ARMS)):
            name = f"{place:02d}-{label}"
            held = arm_frames(label, blows)
            events = tuple(blow.event() for blow in blows)
            trials.append(Trial(name, EXPERIMENT, f"r{number + 1}", label, 3, blocks=1))
            frames[name] = held
            histories[name] = TrialHistory(events, check_history(held.samples, events))
    plans = tuple(_plan(f"r{number + 1}") for number in range(repeat))
    run = made_run(
        {},
        id="20261124T080000Z-worker-crash",
        experiments=(replace(fault_result(), plans=plans),),
        trials=tuple(trials),
        parameters={"workers": 3, "users": USERS, "rate_rps": 72, "quick": False},
    )
    return run, frames, histories


def _plan(stage: str) -> Plan:
    arms = [
        Arm(label, mode_named(label.split("-")[0]), 3, USERS, 24.0, faults=tuple(blow.planned() for blow in blows))
        for label, blows in ARMS.items()
    ]
    return Plan(stage, tuple(arms), SideBySide(float(SECONDS)), seed=1)


def fault_result() -> ExperimentResult:
    """Two predictions of users, one of a time, one of a number of users."""
    told = (
        ("sticky", "bound_users_logged_out", 1.0, 0.15, 1.0, (0.4, 1.0), 4, "share"),
        ("redis-aof", "users_logged_out", 0.0, 0.05, 0.0, (0.0, 0.26), 12, "share"),
        ("redis-aof", "recovery_s", 2.0, 0.5, 2.1, (1.9, 2.3), 2, "s"),
        ("none", "users_hit", 0.0, 0.5, 1.0, (0.5, 1.4), 12, "users"),
    )
    judgements = []
    for mode, quantity, predicted, margin, value, interval, samples, unit in told:
        prediction = Prediction(mode, quantity, "by its traits", predicted, margin, unit=unit)
        observation = Observation(mode, quantity, value, interval, 2, samples, unit, 3)
        judgements.append(Judgement(prediction, observation, Verdict("confirmed", "as predicted")))
    return ExperimentResult(
        EXPERIMENT,
        "a crash of one worker logs out exactly the users who are bound to it",
        tuple(judgement.prediction for judgement in judgements),
        tuple(judgement.observation for judgement in judgements if judgement.observation),
        tuple(judgements),
        Verdict("confirmed", "who was bound to the worker was logged out, and nobody else"),
    )
