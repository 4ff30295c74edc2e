"""Stacks of containers: the compose files that a user runs by hand, run by the lab."""

from __future__ import annotations

from authlab.stack.compose.engine import about_engine
from authlab.stack.compose.stacks import ComposeStacks

__all__ = ["ComposeStacks", "about_engine"]
