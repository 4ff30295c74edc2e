"""How a run was measured, in the words of the report, with the run's own numbers."""

from __future__ import annotations

from typing import Any

from authlab.model.findings import YES_NO
from authlab.report.faulted import faulted, method_points
from authlab.report.words import count, number


def method_of(report: dict[str, Any]) -> list[dict[str, str]]:
    """`term` and `text` of each point, in the order of reading."""
    setups = [setup for experiment in report["experiments"] for setup in experiment["setups"]]
    asked = any(p["unit"] == YES_NO for experiment in report["experiments"] for p in experiment["predictions"])
    if not setups:
        return [_asked()] if asked else [_prediction()]
    harmed = faulted(report["experiments"])
    steady = [setup for setup in setups if "history" not in setup]
    recording = all(setup["pseudo_blocks"] for setup in setups)
    points = [_prediction(), _arrivals(report["parameters"], steady=bool(steady))]
    if steady:
        points.append(_recording() if recording else _blocks(report["parameters"]))
    points += method_points(harmed) if harmed else []
    points += [_response(), _interval(recording)]
    points += [_asked()] if asked else []
    if any(setup["cpu"] for setup in setups):
        points.append(_cpu(report["machine"]))
    if not steady:
        points.append(_counts_of_faults())
        return points
    points.append(
        {
            "term": "What counts",
            "text": "Requests after a successful log-in, outside of warm-up. A user whose credential is refused does "
            "not log in again in steady-state experiments: that would change what is measured.",
        }
    )
    return points


def _prediction() -> dict[str, str]:
    return {
        "term": "Predicted first",
        "text": "Each prediction is a formula of the parameters, stored before the first request. It is confirmed if "
        "the whole 95 % interval lies within prediction ± margin, refuted if it lies wholly outside, else "
        "inconclusive.",
    }


def _asked() -> dict[str, str]:
    return {
        "term": "In a real browser",
        "text": "Each question is answered yes or no, and each answer was predicted before anything ran, from the "
        "place's attributes by the web's own rules. What was seen comes from the API's own record, the victim's cart "
        "and the loot that reached the attacker, not from the page's word. A “no” counts only where the same attack "
        "was seen to work in its positive control; an attack that did not run is inconclusive.",
    }


def _counts_of_faults() -> dict[str, str]:
    return {
        "term": "What counts",
        "text": "Charts of response time and tables of refusals show requests after a successful log-in, outside of "
        "warm-up. Whether users log in again after a refusal is part of each arm.",
    }


def _arrivals(parameters: dict[str, Any], *, steady: bool) -> dict[str, str]:
    rate, users = parameters.get("rate_rps"), parameters.get("users")
    if not steady:
        stages = [stage for stage in parameters.get("stages", ()) if "faults" in stage]
        rate, users = (stages[0]["rate_rps"], stages[0]["users"]) if stages else (rate, users)
        load = f"{number(rate)} requests/s by {count(users, 'user')} in each arm" if rate and users else "Requests"
        return {
            "term": "Open loop",
            "text": f"{load}, unless an arm says otherwise, sent on a Poisson schedule that does not wait for answers. "
            "An arrival that could never be sent is counted.",
        }
    load = f"{number(rate)} requests/s by {count(users, 'user')}" if rate and users else "Requests"
    return {
        "term": "Open loop",
        "text": f"{load}, sent on a Poisson schedule that does not wait for answers and is the same for every mode of "
        "a block. An arrival that could never be sent is counted.",
    }


def _blocks(parameters: dict[str, Any]) -> dict[str, str]:
    stages = [stage for stage in parameters.get("stages") or () if "faults" not in stage] or [parameters]
    blocks, length = stages[0].get("blocks"), stages[0].get("slice_s")
    how_many = f"{count(blocks, 'block')} of {length:g} s slices" if blocks and length else "Blocks"
    return {
        "term": "Interleaved blocks",
        "text": f"{how_many}: all stacks stay up side by side, and each block loads every mode once, in shuffled "
        "order, and `none` twice (the A/A pair). The first part of each slice is warm-up and is not counted.",
    }


def _recording() -> dict[str, str]:
    return {
        "term": "A recording",
        "text": "Plain Locust against one address, without the lab's blocks: each second of it stands in for a block.",
    }


def _response() -> dict[str, str]:
    return {
        "term": "Response time",
        "text": "Service time plus the queueing that the schedule implies (Lindley's recursion per user), so that a "
        "stall is charged to everyone it delayed. The generator's own lateness is reported apart and reaches no "
        "one's latency.",
    }


def _interval(recording: bool) -> dict[str, str]:
    unit = "seconds" if recording else "blocks"
    return {
        "term": "Intervals",
        "text": f"95 %, over {unit}, never over single requests: Student's t on per-block values, log-ratios and "
        "differences; neighbours are merged while their lag-1 autocorrelation is positive. Percentiles pool the "
        "requests of resampled blocks. A share of exactly 0 has the exact binomial bound.",
    }


def _cpu(machine: dict[str, Any]) -> dict[str, str]:
    pinning = machine.get("pinning")
    where = ""
    if isinstance(pinning, dict) and pinning.get("generator") and pinning.get("stack"):
        where = " The generator and the stack were pinned to different cores."
    return {
        "term": "CPU per request",
        "text": "Read from the processes' own CPU clocks at both ends of a slice's measured part, divided by the "
        f"requests that were done between.{where}",
    }
