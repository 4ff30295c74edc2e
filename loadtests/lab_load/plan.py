"""The lab's plan for the load: its windows and the number of users. Schema `authlab/plan/1`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lab_load.credential import ANSWER
from lab_load.operations import Script

PLAN_SCHEMA: Final = "authlab/plan/1"


@dataclass(frozen=True)
class Window:
    """A period of load. Times are nanoseconds after an origin that the go file names later."""

    index: int
    start_ns: int
    end_ns: int
    rate_rps: float
    seed: int


@dataclass(frozen=True)
class Plan:
    """All that a process does, from start to end. The windows start when the file `go` appears.

    Without a `mix` the scenario's own one is used. `addresses`: whether each user has an address of its own.
    `credential`: how the credential of a log-in travels, one of `credential.WAYS`.
    """

    seed: int
    users: int
    windows: tuple[Window, ...]
    mix: dict[str, float] | None
    timeout_s: float
    relogin: str
    addresses: bool
    credential: str
    go: Path


def read_plan(path: Path, scripts: Sequence[Script]) -> tuple[Plan | None, list[str]]:
    """The plan for these scenarios, or None and all of its problems."""
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        return None, [f"the plan {path} cannot be read: {error}"]
    if not isinstance(data, dict) or data.get("schema") != PLAN_SCHEMA:
        found = data.get("schema") if isinstance(data, dict) else type(data).__name__
        return None, [f"the plan {path} has schema {found!r}; this load reads {PLAN_SCHEMA!r}"]
    try:
        plan = _plan_of(data)
    except (KeyError, TypeError, ValueError) as error:
        return None, [f"the plan {path} does not follow {PLAN_SCHEMA}: {type(error).__name__} {error}"]
    problems = [f"the plan {path}: {problem}" for problem in _problems_of(plan, scripts)]
    return (None if problems else plan), problems


def _plan_of(data: dict[str, Any]) -> Plan:
    windows = tuple(
        Window(int(w["index"]), int(w["start_ns"]), int(w["end_ns"]), float(w["rate_rps"]), int(w["seed"]))
        for w in data["windows"]
    )
    mix = data["mix"] and {str(op): float(share) for op, share in data["mix"].items()}
    return Plan(
        seed=int(data["seed"]),
        users=int(data["users"]),
        windows=windows,
        mix=mix,
        timeout_s=float(data["timeout_s"]),
        relogin=str(data["relogin"]),
        addresses=bool(data.get("addresses", False)),
        credential=str(data.get("credential", ANSWER)),
        go=Path(data["go"]),
    )


def _problems_of(plan: Plan, scripts: Sequence[Script]) -> list[str]:
    problems = []
    if plan.users < 1:
        problems.append(f"users must be at least 1, not {plan.users}")
    if not plan.windows:
        problems.append("there are no windows")
    last_ns = 0
    for window in plan.windows:
        if not last_ns <= window.start_ns < window.end_ns:
            problems.append(f"window {window.index} is empty, or begins before the previous one ends")
        if not window.rate_rps > 0:
            problems.append(f"window {window.index} has a rate of {window.rate_rps}; it must be positive")
        last_ns = window.end_ns
    mix = plan.mix
    return problems + ([] if mix is None else [problem for script in scripts for problem in script.mix_problems(mix)])
