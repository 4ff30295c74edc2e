"""Whether two recorded facts mean the same: what changes from boot to boot, or with a free port, is no difference."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from authlab.report.facts import value_words

TOLERANCE: Final = 0.05
"""Share by which sizes and clock rates of one machine may differ.

The kernel takes a little more or less memory for itself at each boot: 4 KiB to some 1 % were observed. Machines with
another amount of memory, or another clock rate, differ by far more.
"""

_MEASURED: Final = ("_bytes", "_mhz", "_ghz")
_CLOCK: Final = re.compile(r"@\s*([0-9.]+)\s*([GM])Hz", re.IGNORECASE)
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def alike(name: str, one: Any, other: Any) -> bool:
    """Whether both values of the fact `name` of run.json stand for the same thing.

    Two values that read the same are the same.
    """
    if one == other:
        return True
    if one is None or other is None:
        return False
    if name.endswith(_MEASURED) and _numbers(one, other):
        return _near(float(one), float(other))
    if name == "cpu":
        return _same_model(str(one), str(other))
    if name == "pinning" and isinstance(one, Mapping) and isinstance(other, Mapping):
        # Which of its cores a machine gives to the generator makes no difference, how many it gives does.
        return _counts(one) == _counts(other)
    if name == "host":
        return _place(str(one)) == _place(str(other))
    return value_words(name, one) == value_words(name, other)


def _numbers(*values: Any) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _near(one: float, other: float) -> bool:
    return abs(one - other) <= TOLERANCE * max(abs(one), abs(other))


def _same_model(one: str, other: str) -> bool:
    """Whether both are one model, whatever the blanks; a clock rate in the name may differ a little."""
    names = [" ".join(_CLOCK.sub("@", text).split()).casefold() for text in (one, other)]
    rates = [[float(n) * (1000 if unit in "gG" else 1) for n, unit in _CLOCK.findall(text)] for text in (one, other)]
    if names[0] != names[1] or len(rates[0]) != len(rates[1]):
        return False
    return all(_near(a, b) for a, b in zip(*rates, strict=True))


def _counts(pinned: Mapping[str, Any]) -> dict[str, int]:
    return {who: len(cores) for who, cores in pinned.items() if isinstance(cores, list | tuple)}


def _place(address: str) -> str:
    """An address without its port if it is this machine's: each stack gets a free port."""
    try:
        parts = urlsplit(address)
        local = parts.hostname in _LOOPBACK
    except ValueError:
        return address
    return f"{parts.scheme}://loopback{parts.path.rstrip('/')}" if local else address
