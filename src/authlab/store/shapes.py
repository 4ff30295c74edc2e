"""What the free-form parts of run.json hold, where the lab reads more out of them than to show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from authlab.model.run import Run
from authlab.store.fitting import misfit

_NUMBER: Final = float | None
_COUNT: Final = int | None
_MACHINE: Final[dict[str, Any]] = {
    "cores": _COUNT,
    "memory_bytes": _COUNT,
    "pinning": dict[str, list[int]] | None,
}
_PARAMETERS: Final[dict[str, Any]] = {
    "workers": _COUNT,
    "users": _COUNT,
    "blocks": _COUNT,
    "rate_rps": _NUMBER,
    "slice_s": _NUMBER,
    "warmup_s": _NUMBER,
    "gap_s": _NUMBER,
    "mix": dict[str, float] | None,
    "stages": list[dict[str, Any]],
    "modes": dict[str, dict[str, Any]],
}
_STAGE: Final[dict[str, Any]] = {
    "experiment": str,
    "key": str,
    "workers": int,
    "labels": list[str],
    "blocks": int,
    "slice_s": float,
    "warmup_s": float,
    "gap_s": float,
    "users": int,
    "rate_rps": float,
}


def misshapen(run: Run) -> str | None:
    """What in machine and parameters is not as the lab writes it, None if all is. Members may be missing, and others
    may be there, but a stage must be whole.
    """
    found = _members(run.machine, _MACHINE, "machine") or _members(run.parameters, _PARAMETERS, "parameters")
    if found:
        return found
    for number, stage in enumerate(run.parameters.get("stages", ())):
        where = f"parameters.stages[{number}]"
        if missing := _STAGE.keys() - stage.keys():
            return f"{where} lacks {', '.join(sorted(missing))}"
        if found := _members(stage, _STAGE, where):
            return found
    return None


def _members(held: Mapping[str, Any], shape: Mapping[str, Any], where: str) -> str | None:
    found = (misfit(held[name], kind, f"{where}.{name}") for name, kind in shape.items() if name in held)
    return next((text for text in found if text is not None), None)
