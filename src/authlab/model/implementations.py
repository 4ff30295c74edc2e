"""Which modes keep the same design, and differ only in the code that implements it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

IMPLEMENTATIONS: Final = ("lean", "documented", "extension")
"""By hand-tuned code, by a library as its manual shows it, and by the extension that most people install."""

DESIGNS: Final[Mapping[str, tuple[str, ...]]] = {
    "session in Redis": ("redis-lean", "redis", "flask-session"),
    "token": ("jwt-lean", "jwt", "flask-jwt-extended"),
}
"""The mode of each design in each of `IMPLEMENTATIONS`, in that order."""

LIBRARIES: Final[Mapping[str, tuple[str, ...]]] = {
    "redis-lean": ("redis-py", "hiredis"),
    "redis": ("redis-py", "hiredis"),
    "flask-session": ("flask-session", "redis-py"),
    "jwt-lean": ("pyjwt",),
    "jwt": ("pyjwt",),
    "flask-jwt-extended": ("flask-jwt-extended", "pyjwt"),
}
"""The packages that a mode's cost depends on, by the names under which a run records their versions."""
