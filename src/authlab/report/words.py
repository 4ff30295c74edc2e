"""Numbers and names as people read them. Every rounding of the report is here."""

from __future__ import annotations

import math
from typing import Any

TITLES = {
    "auth_failure_share": "Requests refused after log-in",
    "failure_share": "Requests that failed",
    "p50_ms": "Median response time",
    "p95_ms": "95th percentile of response time",
    "p99_ms": "99th percentile of response time",
    "p50_ratio": "Median response time",
    "p95_ratio": "95th percentile of response time",
    "p99_ratio": "99th percentile of response time",
    "mean_ms": "Mean response time",
    "cpu_us": "CPU per request",
    "cpu_ratio": "CPU per request",
    "cpu_per_request_us": "CPU per request",
    "cpu_per_request_ratio": "CPU per request",
    "rss_bytes": "Memory",
    "throughput_rps": "Requests served",
    "aa_ratio": "A/A pair",
}

UNKNOWN = "—"


def quantity_title(name: str) -> str:
    """A quantity's name in words; one that isn't known has its underscores taken out."""
    return TITLES.get(name) or name.replace("_", " ").strip().capitalize() or UNKNOWN


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


def count(value: float | None, thing: str) -> str:
    """`1 block`, `26 blocks`."""
    if value is None:
        return f"{UNKNOWN} {thing}s"
    return f"{value:,.0f} {thing}{'' if value == 1 else 's'}"


def percent(share: float | None) -> str:
    """A share as per cent: 66.7 %, 0.06 %, 0 %; a tiny one is not rounded to nothing."""
    if share is None or not math.isfinite(share):
        return UNKNOWN
    value = share * 100
    if value == 0 or value == 100:
        return f"{value:.0f} %"
    if abs(value) < 0.01:
        return f"{value:.1g} %"
    if abs(value) < 1 or 99 < value < 100:
        return f"{value:.2f} %"
    return f"{value:.1f} %" if abs(value) < 100 else f"{value:,.0f} %"


def change(ratio: float | None) -> str:
    """A ratio as a signed change: 1.35 is +35 %, 0.9 is −10 %; from threefold on as a factor."""
    if ratio is None or not math.isfinite(ratio) or ratio <= 0:
        return UNKNOWN
    if ratio >= 3 or ratio <= 1 / 3:
        return f"× {number(ratio)}"
    value = (ratio - 1) * 100
    text = f"{abs(value):.0f}" if abs(value) >= 10 else f"{abs(value):.1f}"
    if float(text) == 0:
        return "±0 %"
    return f"{'+' if value > 0 else '−'}{text} %"


def size(value: float | None) -> str:
    """Bytes as MiB or GiB."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    for unit, step in (("GiB", 1024**3), ("MiB", 1024**2), ("KiB", 1024)):
        if abs(value) >= step:
            return f"{number(value / step)} {unit}"
    return f"{value:.0f} B"


def duration(seconds: float | None) -> str:
    """`48 s`, `2 min 57 s`, `1 h 04 min`."""
    if seconds is None or not math.isfinite(seconds):
        return UNKNOWN
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def in_unit(value: float | None, unit: str) -> str:
    """A value in an observation's unit ("share", "ms", "us", "bytes", "ratio", "rps", or another)."""
    if value is None:
        return UNKNOWN
    plain = {"ms": "ms", "us": "µs", "rps": "requests/s", "s": "s"}
    if unit == "share":
        return percent(value)
    if unit == "bytes":
        return size(value)
    if unit == "ratio":
        return f"× {number(value)}"
    return f"{number(value)} {plain.get(unit, unit)}".strip()


def interval_in_unit(interval: Any, unit: str) -> str:
    """`[low, high]` in a unit, an empty string where there is none."""
    if not interval:
        return ""
    low, high = interval
    ends = [in_unit(low, unit), in_unit(high, unit)]
    shared = ends[1].rsplit(" ", 1)
    if unit == "ratio":
        return f"[{number(low)}, {number(high)}]"
    if len(shared) == 2 and ends[0].endswith(f" {shared[1]}"):
        return f"[{ends[0].rsplit(' ', 1)[0]}, {shared[0]}] {shared[1]}"
    return f"[{ends[0]}, {ends[1]}]"


def workers(value: int) -> str:
    """`3 workers`."""
    return count(value, "worker")


def label_words(label: str) -> str:
    """A label as it stands in charts: the A/A twin is `none (again)`."""
    return f"{label.removesuffix('-again')} (again)" if label.endswith("-again") else label
