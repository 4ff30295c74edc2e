"""Numbers and names as people read them. Every rounding of the report is here."""

from __future__ import annotations

import math
import re
from typing import Any

from authlab.model.findings import YES_NO
from authlab.model.windows import AGAIN, mode_of

TITLES = {
    "auth_failure_share": "Requests refused after log-in",
    "failure_share": "Requests that failed",
    "p50_ms": "Median response time",
    "p95_ms": "95th percentile of response time",
    "p99_ms": "99th percentile of response time",
    "mean_ms": "Mean response time",
    "cpu_us": "CPU per request",
    "cpu_found_per_cpu_added": "CPU found per CPU added",
    "requests_per_cpu_s_ratio": "Requests per CPU second",
    "requests_per_worker_cpu_s_ratio": "Requests per CPU second of the workers",
    "design_to_implementation_spread": "Spread of designs to that of implementations",
    "rss_bytes": "Memory",
    "throughput_rps": "Requests served",
    "getex_us": "Reading a session at the store (GETEX)",
    "aof_bytes_per_getex": "Append-only file per GETEX",
}

UNKNOWN = "—"
NBSP = "\u00a0"
"""Between a number and its unit: they never part at a line's end."""


_UNSEEN = dict.fromkeys([*range(9), *range(11, 32), 127, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def tidy(text: str) -> str:
    """Text without control characters and overrides of its direction, which would garble what stands beside it."""
    return text.translate(_UNSEEN)


def quantity_title(name: str) -> str:
    """A quantity's name in words; one that isn't known has its underscores taken out."""
    for suffix, form in (("_smallest_effect", "{}: smallest effect"), ("_ratio", "{}"), ("_difference", "{}")):
        stem = name.removesuffix(suffix)
        if stem != name and stem in TITLES:
            return form.format(TITLES[stem])
    return TITLES.get(name) or name.removesuffix("_s").replace("_", " ").strip().capitalize() or UNKNOWN


def sentence(text: str) -> str:
    """The text with a capital first letter and no blanks around it."""
    kept = text.strip()
    return kept[:1].upper() + kept[1:]


def number(value: float | None, digits: int = 3) -> str:
    """`digits` significant digits, thousands set apart by a comma: 1,234 · 12.3 · 0.0123."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    if size < 1e-6:
        return f"{value:.{digits - 1}g}"
    decimals = digits - 1 - math.floor(math.log10(size))
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if isinstance(value, int) else text


def inner(title: str) -> str:
    """A title as it stands within a sentence: its first letter small, unless an abbreviation begins it."""
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]


def whole(value: float | None) -> str:
    """A count: 12,345."""
    return UNKNOWN if value is None or not math.isfinite(value) else f"{value:,.0f}"


def count(value: float | None, thing: str) -> str:
    """`1 block`, `26 blocks`."""
    if value is None:
        return f"{UNKNOWN}{NBSP}{thing}s"
    return f"{value:,.0f}{NBSP}{thing}{'' if value == 1 else 's'}"


def percent(share: float | None) -> str:
    """A share as per cent: 66.7 %, 0.06 %, 0 %; a tiny one is not rounded to nothing."""
    if share is None or not math.isfinite(share):
        return UNKNOWN
    value = share * 100
    if value == 0 or value == 100:
        return f"{value:.0f}{NBSP}%"
    if abs(value) < 0.01:
        return f"{value:.1g}{NBSP}%"
    if abs(value) < 1 or 99 < value < 100:
        return f"{value:.2f}{NBSP}%"
    return f"{value:.1f}{NBSP}%" if abs(value) < 100 else f"{value:,.0f}{NBSP}%"


def change(ratio: float | None) -> str:
    """A ratio as a signed change: 1.35 is +35 %, 0.9 is −10 %; from threefold on as a factor."""
    if ratio is None or not math.isfinite(ratio) or ratio <= 0:
        return UNKNOWN
    if ratio >= 3 or ratio <= 1 / 3:
        return f"×{NBSP}{number(ratio)}"
    value = (ratio - 1) * 100
    text = f"{abs(value):.0f}" if abs(value) >= 9.95 else f"{abs(value):.1f}"
    if float(text) == 0:
        return f"±0{NBSP}%"
    return f"{'+' if value > 0 else '−'}{text}{NBSP}%"


def points(share: float | None) -> str:
    """A difference of shares in percentage points: +1.2 points."""
    if share is None or not math.isfinite(share):
        return UNKNOWN
    value = share * 100
    text = f"{abs(value):.2f}" if abs(value) < 1 else f"{abs(value):.1f}"
    if float(text) == 0:
        return f"±0{NBSP}points"
    return f"{'+' if value > 0 else '−'}{text}{NBSP}points"


def size(value: float | None) -> str:
    """Bytes as MiB or GiB."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    for unit, step in (("GiB", 1024**3), ("MiB", 1024**2), ("KiB", 1024)):
        if abs(value) >= step:
            return f"{number(value / step)}{NBSP}{unit}"
    return f"{value:.0f}{NBSP}B"


def duration(seconds: float | None) -> str:
    """`48 s`, `2 min 57 s`, `1 h 04 min`."""
    if seconds is None or not math.isfinite(seconds):
        return UNKNOWN
    whole = round(seconds)
    if whole < 60:
        return f"{whole}{NBSP}s"
    if whole < 3600:
        return f"{whole // 60}{NBSP}min {whole % 60:02d}{NBSP}s"
    return f"{whole // 3600}{NBSP}h {whole % 3600 // 60:02d}{NBSP}min"


def in_unit(value: float | None, unit: str) -> str:
    """A value in an observation's unit ("share", "ms", "us", "bytes", "ratio", "rps", or another)."""
    if value is None:
        return UNKNOWN
    if unit == YES_NO:
        return "yes" if value else "no"
    plain = {"ms": "ms", "us": "µs", "us/us": "µs/µs", "rps": "requests/s", "s": "s"}
    if unit == "share":
        return percent(value)
    if unit == "bytes":
        return size(value)
    if unit == "ratio":
        return f"×{NBSP}{number(value)}"
    if unit == "users" and value == 1:
        return f"1{NBSP}user"
    return f"{number(value)}{NBSP}{plain.get(unit, unit)}".strip()


def interval_in_unit(interval: Any, unit: str) -> str:
    """`[low, high]` in a unit, an empty string where there is none."""
    if not interval or unit == YES_NO:
        return ""
    low, high = interval
    ends = [in_unit(low, unit), in_unit(high, unit)]
    shared = ends[1].rsplit(NBSP, 1)
    if unit == "ratio":
        return f"[{number(low)}, {number(high)}]"
    if len(shared) == 2 and ends[0].endswith(f"{NBSP}{shared[1]}"):
        return f"[{ends[0].rsplit(NBSP, 1)[0]}, {shared[0]}]{NBSP}{shared[1]}"
    return f"[{ends[0]}, {ends[1]}]"


def measured(value: float | None, interval: Any, unit: str) -> str:
    """A value with its interval: `66.7 [65.8, 67.6] %`, `× 1.19 [1.17, 1.21]`."""
    alone, around = in_unit(value, unit), interval_in_unit(interval, unit)
    if not around:
        return alone
    number_part, _, unit_part = alone.rpartition(NBSP)
    if number_part and unit_part and around.endswith(f"]{NBSP}{unit_part}"):
        return f"{number_part} {around}"
    return f"{alone} {around}"


def workers(value: int) -> str:
    """`3 workers`."""
    return count(value, "worker")


def coded(label: str) -> str:
    """A label in backticks, as prose of the report names modes."""
    # A backtick or a bracket in a mode's name would end the code early.
    return f"`{re.sub(r'[`<>|]', ' ', label_words(label)).strip()}`"


def label_words(label: str) -> str:
    """A label as it stands in charts: the A/A twin is `none (again)`."""
    return f"{mode_of(label)} (again)" if label.endswith(AGAIN) else label


def checker_words(name: str) -> str:
    """`no spurious logout`."""
    return name.replace("_", " ")


def stopped(text: str) -> str:
    """The text as a sentence, with its full stop."""
    kept = sentence(text)
    return kept if kept.endswith((".", "!", "?")) or not kept else f"{kept}."
