"""Faults as they are written on the command line: KIND[=VALUE][:WORKER]@START[+DURATION]."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from authlab.faults.base import Fault
from authlab.faults.catalogue import FAULTS
from authlab.model.errors import UsageProblem, nearest
from authlab.model.faults import PlannedFault

_FORM: Final = re.compile(
    r"(?P<kind>[A-Za-z-]+)(?:=(?P<value>[^:@+]+|\+?[^:@+]+))?(?::(?P<target>[A-Za-z0-9-]+))?"
    r"@(?P<at>[^+]+)(?:\+(?P<for>.+))?"
)
_AMOUNT: Final = re.compile(r"(?P<number>[+-]?\d+(?:\.\d+)?)\s*(?P<unit>[a-z]*)")
_SECONDS: Final = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_MOST_S: Final = 86_400.0
_DECIMALS: Final = 9
"""Times are kept in nanoseconds. Smaller differences come only from converting a unit (0.0011 s are 1.1 ms)."""


def parse_fault(text: str) -> PlannedFault:
    """The fault in `text`. Raises `UsageProblem`, which says what is wrong, or `UnknownName` (nearest match)."""
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise UsageProblem(
            f"--fault {text!r} is not KIND[=VALUE][:WORKER]@START[+DURATION], like crash-worker@10s or "
            "redis-latency=5ms@20s+10s"
        )
    kind = FAULTS.get(found["kind"].lower())
    if kind is None:
        raise nearest("fault", found["kind"].lower(), FAULTS)
    at_s = _seconds(text, "start", found["at"])
    for_s = None if found["for"] is None else _seconds(text, "duration", found["for"])
    planned = PlannedFault(kind.kind, at_s, for_s, _value(text, kind, found["value"]), found["target"] or "")
    problems = problems_of(planned)
    if problems:
        raise UsageProblem(f"--fault {text!r}: {'; '.join(problems)}")
    return planned


def problems_of(planned: PlannedFault) -> list[str]:
    """All problems of a planned fault of a known kind."""
    kind = FAULTS[planned.kind]
    found = []
    if kind.lasts == "required" and planned.for_s is None:
        found.append(f"add a duration: {planned.kind}@START+DURATION")
    if kind.lasts == "never" and planned.for_s is not None:
        found.append("it takes no duration: it is over at once, or ends by itself")
    if planned.for_s is not None and planned.for_s <= 0:
        found.append("its duration must be above zero")
    if planned.target and kind.on != "worker":
        found.append(f"it does not affect a single worker, so it takes no {planned.target!r}")
    unit = kind.unit
    if unit is None:
        if planned.value is not None:
            found.append("it takes no value")
    elif planned.value is None:
        if unit.default is None:
            found.append(f"it needs a value in {unit.name}: {planned.kind}=VALUE@START")
    elif not unit.least <= planned.value <= unit.most:
        found.append(f"its value must be {unit.least:g} to {unit.most:g} {unit.name}, not {planned.value:g}")
    elif unit.whole and planned.value != int(planned.value):
        found.append(f"its value must be a whole number of {unit.name}, not {planned.value:g}")
    return found


def spelled(planned: PlannedFault) -> str:
    """The fault as it is written on the command line."""
    unit = FAULTS[planned.kind].unit
    own = unit.name if unit and unit.name in _SECONDS else ""
    value = "" if planned.value is None else f"={_digits(planned.value)}{own}"
    target = f":{planned.target}" if planned.target else ""
    length = "" if planned.for_s is None else f"+{_digits(planned.for_s)}s"
    return f"{planned.kind}{value}{target}@{_digits(planned.at_s)}s{length}"


def _digits(number: float) -> str:
    """The number without an exponent, because `parse_fault` reads none."""
    text = f"{Decimal(repr(number)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _seconds(text: str, what: str, amount: str) -> float:
    found = _AMOUNT.fullmatch(amount.strip())
    factor = None if found is None else _SECONDS.get(found["unit"])
    if found is None or factor is None:
        raise UsageProblem(f"--fault {text!r}: its {what} {amount!r} is not a time; write 10s, 500ms or 2m")
    seconds = round(float(found["number"]) * factor, _DECIMALS)
    if not 0 <= seconds <= _MOST_S:
        raise UsageProblem(f"--fault {text!r}: its {what} must be 0 to {_MOST_S:g} s, not {seconds:g}")
    return seconds


def _value(text: str, kind: type[Fault], amount: str | None) -> float | None:
    if amount is None:
        return None
    found = _AMOUNT.fullmatch(amount.strip())
    if found is None:
        raise UsageProblem(f"--fault {text!r}: its value {amount!r} is not a number")
    number, unit = float(found["number"]), found["unit"]
    own = "" if kind.unit is None else kind.unit.name
    if not unit or unit == own:
        return number
    if own in _SECONDS and unit in _SECONDS:
        return round(number * _SECONDS[unit] / _SECONDS[own], _DECIMALS)
    problem = f"its value must be in {own}, not in {unit}" if own else "it takes no value"
    raise UsageProblem(f"--fault {text!r}: {problem}")
