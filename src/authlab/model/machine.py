"""What planning and judging need to know of the machine: measured before the run, and stored with it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MachineFacts:
    """`stack_cores`: cores that stacks may use; `generator_cores`: those of the load generators.

    `hash_cpu_s`: CPU seconds of one password hash at full cost (Werkzeug's default scrypt).
    """

    stack_cores: int
    generator_cores: int
    hash_cpu_s: float
