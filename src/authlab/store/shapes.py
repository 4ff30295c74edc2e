"""Types for the free-form parts of run.json (machine and parameters), for the members that the lab interprets.

Members may be missing, and there may be others.
"""

from __future__ import annotations

from msgspec import Struct

from authlab.model.modes import Traits


class Machine(Struct, frozen=True):
    """The facts by which a report compares two machines."""

    cores: int | None = None
    memory_bytes: int | None = None
    pinning: dict[str, list[int]] | None = None


class OldStage(Struct, frozen=True):
    """A stage as schema 1 holds it. Only a stage with faults has a `seed`, and `faults` as a user types them."""

    experiment: str
    key: str
    workers: int
    labels: tuple[str, ...]
    blocks: int
    slice_s: float
    warmup_s: float
    gap_s: float
    users: int
    rate_rps: float
    seed: int | None = None
    faults: dict[str, tuple[str, ...]] | None = None


class DeclaredMode(Struct, frozen=True):
    """A mode of the user's own as schema 1 holds it."""

    note: str
    app: str | None
    state: str
    routing: str
    needs_store: bool
    traits: Traits


class Parameters(Struct, frozen=True):
    """What the user chose. Only runs of schema 1 have `stages` and `modes`; later runs have plans."""

    workers: int | None = None
    users: int | None = None
    blocks: int | None = None
    rate_rps: float | None = None
    slice_s: float | None = None
    warmup_s: float | None = None
    gap_s: float | None = None
    mix: dict[str, float] | None = None
    stages: tuple[OldStage, ...] = ()
    modes: dict[str, DeclaredMode] = {}


class Circumstances(Struct, frozen=True):
    """Both parts."""

    machine: Machine
    parameters: Parameters
