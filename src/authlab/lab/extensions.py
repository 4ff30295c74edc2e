"""What a run says of the user's own modes and scenario, and how it is read again without their files."""

from __future__ import annotations

from typing import Any

from authlab.experiments.base import Options
from authlab.load.scenario import DEFAULT
from authlab.model.declarations import declaration_of, mode_declared
from authlab.model.errors import Damaged
from authlab.model.modes import Mode
from authlab.model.run import Run


def extension_parameters(options: Options) -> dict[str, Any]:
    """`scenario` (its name, and of the user's own the file's SHA-256) and `modes` (the user's, by name, if any)."""
    scenario = options.scenario
    found: dict[str, Any] = {"scenario": scenario.name if scenario else DEFAULT}
    if scenario and not scenario.shipped:
        found["scenario_sha256"] = scenario.fingerprint()
    if options.own_modes:
        found["modes"] = {mode.name: declaration_of(mode) for mode in options.own_modes}
    return found


def own_modes_of(run: Run) -> tuple[Mode, ...]:
    """The user's modes that the run declares. Raises `Damaged` where they can't be read."""
    try:
        return tuple(mode_declared(name, body) for name, body in run.parameters.get("modes", {}).items())
    except (AttributeError, KeyError, TypeError) as error:
        raise Damaged(f"the modes that run.json of {run.id} declares are damaged: {error!r}") from error
