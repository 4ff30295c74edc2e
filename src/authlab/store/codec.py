"""run.json to `Run` and back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import msgspec

from authlab.model.plan import Arm
from authlab.model.run import OLD_RUN_SCHEMA, RUN_SCHEMA, Run
from authlab.store.old_runs import with_old_plans
from authlab.store.shapes import Circumstances

SCHEMAS: Final = (RUN_SCHEMA, OLD_RUN_SCHEMA)
"""The schemas that can be read; the first is written."""


def run_to_json(run: Run) -> dict[str, Any]:
    """The JSON object of a run: `schema` first, tuples as lists, and no path of this machine."""
    body = msgspec.to_builtins(_portable(run))
    return {"schema": body.pop("schema"), **body}


def run_from_json(body: dict[str, Any]) -> Run:
    """The run in a JSON object of one of `SCHEMAS`. Raises `msgspec.ValidationError`, which names the place.

    A run of schema 1 keeps its schema. Its plans are rebuilt as far as its stages allow.
    """
    run = msgspec.convert(body, Run)
    parts = msgspec.convert({"machine": run.machine, "parameters": run.parameters}, Circumstances)
    return with_old_plans(run, parts.parameters.stages) if run.schema == OLD_RUN_SCHEMA else run


def _portable(run: Run) -> Run:
    """The run without the folders of the user's applications, which mean nothing on another machine."""
    experiments = tuple(
        replace(
            result,
            plans=tuple(replace(plan, arms=tuple(_placeless(arm) for arm in plan.arms)) for plan in result.plans),
        )
        for result in run.experiments
    )
    return replace(run, experiments=experiments)


def _placeless(arm: Arm) -> Arm:
    app = arm.mode.app
    return arm if app is None else replace(arm, mode=replace(arm.mode, app=replace(app, folder="")))
