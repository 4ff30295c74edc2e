"""The ways of keeping state by what their modes declare: a test that is about a kind names no state."""

from __future__ import annotations

from authlab.model.mode import Mode
from authlab.model.modes import MODES

DECLARED: dict[str, Mode] = {mode.state: mode for mode in reversed(MODES.values())}
"""State → the first mode that keeps it."""

ALL = [*dict.fromkeys(mode.state for mode in MODES.values())]
AUTHENTICATING = [state for state in ALL if DECLARED[state].traits.authenticates]
SESSIONS = [state for state in ALL if DECLARED[state].keeps_sessions]
STRICT_SESSIONS = [state for state in SESSIONS if not DECLARED[state].loses_updates]
SIGNED = [state for state in ALL if DECLARED[state].signature]
STRICT = [state for state in SIGNED if "ASVS 9.2.2" not in DECLARED[state].unmet]
LENIENT = [state for state in SIGNED if state not in STRICT]
"""A library decides which tokens are accepted, and declares what it does not check."""

PLAIN_TOKENS = [state for state in SIGNED if not DECLARED[state].traits.revocable]
IN_COOKIES = [state for state in ALL if DECLARED[state].cookie]
TOKENS_IN_COOKIES = [state for state in SIGNED if DECLARED[state].cookie]
WITHOUT_COOKIES = [state for state in ALL if not DECLARED[state].cookie]
BEARER = [state for state in SIGNED if DECLARED[state].credential == "bearer"]
WITH_CSRF = [state for state in ALL if DECLARED[state].credential == "cookie+csrf"]
