"""Hand-made arms of fault experiments: users who live through a fault, and what their answers look like.

A `Diary` is one arm's samples, written request by request; times are seconds after the load's start. `live` has users
ask in turn, and log in again after a refusal, as the load does; a test says who answers, and whether the credential is
good there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from authlab.experiments.catalogue import EXPERIMENTS
from authlab.experiments.evidence import ArmData, Evidence, PlanData
from authlab.experiments.experiment import Experiment
from authlab.experiments.judging import judge, planned
from authlab.experiments.options import Options
from authlab.model.faults import FaultEvent, Step
from authlab.model.findings import ExperimentResult, Prediction
from authlab.model.machine import MachineFacts
from authlab.model.plan import Plan
from authlab.store.frames import RESOURCES_SCHEMA, SAMPLES_SCHEMA, WINDOWS_SCHEMA, TrialFrames

NS = 1_000_000_000
ORIGIN = 1_000 * NS
FACTS = MachineFacts(stack_cores=1, generator_cores=1, hash_cpu_s=0.1)
_STATUS = {"ok": 200, "auth": 401, "server": 503, "proxy": 502, "network": 0, "timeout": 0}
_BLANK = {
    name: False if kind is pl.Boolean else "" if kind is pl.String else 0 for name, kind in SAMPLES_SCHEMA.items()
}


def ns(at_s: float) -> int:
    """A moment of the load as CLOCK_MONOTONIC tells it."""
    return ORIGIN + round(at_s * NS)


def event(
    kind: str,
    target: str,
    at_s: float,
    end_s: float | None,
    proof: str = "seen",
    *,
    value: float = 0.0,
    steps: Sequence[tuple[str, float, float]] = (),
) -> FaultEvent:
    """A fault as it happened. `steps` are (worker, told to end and gone, back)."""
    done = tuple(Step(worker, ns(gone_s), ns(gone_s), ns(back_s)) for worker, gone_s, back_s in steps)
    return FaultEvent(kind, target, ns(at_s), None if end_s is None else ns(end_s), proof, value, done)


@dataclass
class Held:
    """What a user holds: number of the credential, since when, the worker that gave it, until when it is good."""

    number: int = 0
    issued_s: float = 0.0
    home: str = ""
    expires_s: float | None = None


@dataclass
class Diary:
    """The samples of one arm."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    held: dict[int, Held] = field(default_factory=dict)

    def login(self, user: int, at_s: float, worker: str, *, took_s: float = 0.003, ttl_s: float | None = None) -> None:
        """A log-in that succeeds: from its answer on the user shows what it gave."""
        self._write(user, "login", at_s, took_s, Held(), worker=worker)
        done_s = at_s + took_s
        number = self.held.get(user, Held()).number + 1
        self.held[user] = Held(number, done_s, worker, None if ttl_s is None else done_s + ttl_s)

    def ask(self, user: int, at_s: float, worker: str, *, op: str = "me", took_s: float = 0.003, **more: Any) -> None:
        """A request with what the user holds; `outcome`, `status`, `reason` as given, else all is well."""
        self._write(user, op, at_s, took_s, self.held.get(user, Held()), worker=worker, **more)

    def _write(self, user: int, op: str, at_s: float, took_s: float, held: Held, **more: Any) -> None:
        within = at_s >= 0
        self.rows.append(
            {
                **_BLANK,
                "window": 0 if within else -1,
                "block": 0 if within else -1,
                "warmup": not within,
                "user": user,
                "op": op,
                "credential": held.number,
                "issued_ns": ns(held.issued_s) if held.number else 0,
                "expires_ns": 0 if held.expires_s is None else ns(held.expires_s),
                "due_ns": ns(at_s),
                "ready_ns": ns(at_s),
                "sent_ns": ns(at_s),
                "done_ns": ns(at_s + took_s),
                "status": _STATUS[more.get("outcome", "ok")],
                "outcome": "ok",
                "service_ms": took_s * 1e3,
                "response_ms": took_s * 1e3,
                **more,
            }
        )

    @property
    def samples(self) -> pl.DataFrame:
        """The table."""
        return pl.DataFrame(self.rows, schema=pl.Schema(SAMPLES_SCHEMA))

    @property
    def frames(self) -> TrialFrames:
        """The table with the two that fault experiments don't look at."""
        return TrialFrames(self.samples, pl.DataFrame(schema=WINDOWS_SCHEMA), pl.DataFrame(schema=RESOURCES_SCHEMA))


Answer = Callable[[int, float, Held], tuple[str, bool]]
"""(user, moment, what it shows) → (the worker that answers, whether the credential is good there)."""


def live(
    answer: Answer,
    *,
    users: int = 60,
    seconds: float = 12.0,
    every_s: float = 0.5,
    homes: int = 3,
    relogins: int = 99,
    ttl_s: float | None = None,
    again_at: Callable[[int, str], str] = lambda user, refuser: refuser,
) -> Diary:
    """Users log in on workers in turn, ask every `every_s`, and after a refusal log in (at `again_at`) again."""
    diary = Diary()
    for user in range(users):
        diary.login(user, -1 + user / 1000, f"worker-{user % homes + 1}", ttl_s=ttl_s)
    left = dict.fromkeys(range(users), relogins)
    for turn in range(round(seconds / every_s)):
        for user in range(users):
            at_s = (turn + (user + 0.5) / users) * every_s
            worker, good = answer(user, at_s, diary.held[user])
            if good:
                diary.ask(user, at_s, worker)
                continue
            diary.ask(user, at_s, worker, outcome="auth", reason="unknown_session")
            if left[user]:
                left[user] -= 1
                diary.login(user, at_s + 0.004, again_at(user, worker), ttl_s=ttl_s)
    return diary


def always_good(user: int, at_s: float, held: Held) -> tuple[str, bool]:
    """Nothing happens to anybody."""
    return held.home, True


Arms = Mapping[str, tuple[Diary, Sequence[FaultEvent]]]


def plans_of(experiment: Experiment | str, options: Options | None = None) -> list[Plan]:
    """The plans of an experiment on a machine with one core for stacks."""
    return list(_named(experiment).plan(options or Options(), FACTS))


def predicted(experiment: Experiment | str, options: Options | None = None) -> tuple[Prediction, ...]:
    """What it predicts of those plans."""
    return planned(_named(experiment), plans_of(experiment, options)).predictions


def data_of(plan: Plan, arms: Arms, doubts: Mapping[str, tuple[str, ...]] | None = None) -> PlanData:
    """What a plan brought whose arms went so."""
    return PlanData(
        plan,
        {
            label: ArmData(plan.arm(label), diary.frames, (doubts or {}).get(label, ()), tuple(events))
            for label, (diary, events) in arms.items()
        },
    )


def judged_by(experiment: Experiment | str, plans: Sequence[Plan], data: Sequence[PlanData]) -> ExperimentResult:
    """The result where these plans brought these data."""
    experiment = _named(experiment)
    return judge(experiment, planned(experiment, plans), Evidence(tuple(data), FACTS))


def judged(
    experiment: Experiment | str,
    arms: Arms,
    options: Options | None = None,
    doubts: Mapping[str, tuple[str, ...]] | None = None,
) -> ExperimentResult:
    """The result where every repetition went so. Arms that a plan doesn't have are left out of it."""
    plans = plans_of(experiment, options)
    data = [
        data_of(plan, {label: arm for label, arm in arms.items() if label in plan.labels}, doubts) for plan in plans
    ]
    return judged_by(experiment, plans, data)


def _named(experiment: Experiment | str) -> Experiment:
    return EXPERIMENTS[experiment] if isinstance(experiment, str) else experiment


def value_of(result: ExperimentResult) -> str:
    """The verdict's value."""
    assert result.verdict is not None
    return result.verdict.value


def verdicts(result: ExperimentResult) -> dict[tuple[str, str], str]:
    """(arm, quantity) → verdict."""
    return {(j.prediction.mode, j.prediction.quantity): j.verdict.value for j in result.judgements}


def why_not(result: ExperimentResult) -> list[str]:
    """What was not confirmed, in words: for messages of tests."""
    return [j.verdict.summary for j in result.judgements if j.verdict.value != "confirmed"]


def seen(result: ExperimentResult, label: str, quantity: str) -> float:
    """What was observed of it."""
    found = next(o.value for o in result.observations if (o.mode, o.quantity) == (label, quantity))
    assert found is not None
    return found
