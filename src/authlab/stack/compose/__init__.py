"""Stacks of containers: the lab runs the same compose files that a user runs by hand."""

from __future__ import annotations

from authlab.stack.compose.engine import about_engine
from authlab.stack.compose.stacks import ComposeStacks

__all__ = ["ComposeStacks", "about_engine"]
