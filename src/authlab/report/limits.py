"""What a run can't tell, in sentences: derived from the run where the run shows it, stated where it never could."""

from __future__ import annotations

from typing import Any

from authlab.checkers.guards import MIN_BLOCKS
from authlab.model.findings import YES_NO
from authlab.report.faulted import faulted, limits
from authlab.report.words import count, inner, percent


def limits_of(report: dict[str, Any]) -> list[str]:
    """Sentences about this run's limits, the gravest first."""
    setups = [setup for experiment in report["experiments"] for setup in experiment["setups"]]
    return [
        *_status(report["run"]),
        *_trials(report["experiments"]),
        *(limits(harmed) if (harmed := faulted(report["experiments"])) else []),
        *_blocks(setups),
        *_sight(setups),
        *_tails(setups),
        *_always(report, setups),
        *_browser(report),
    ]


def _status(run: dict[str, Any]) -> list[str]:
    if run["status"] == "finished":
        return []
    words = {
        "interrupted": "The run was interrupted: it shows what had been measured until then.",
        "running": "The run had not finished when this report was made.",
        "failed": f"The run failed: {run['failure'] or 'no reason was recorded'}.",
    }
    return [words.get(run["status"], f"The run's status is {run['status']}.")]


def _trials(experiments: list[dict[str, Any]]) -> list[str]:
    return [
        f"Trial {trial['id']} is not valid: {'; '.join(trial['reasons']) or 'no reason was recorded'}."
        for experiment in experiments
        for trial in experiment["trials"]
        if not trial["valid"]
    ]


def _blocks(setups: list[dict[str, Any]]) -> list[str]:
    found = []
    if any(setup["pseudo_blocks"] and "history" not in setup for setup in setups):
        found.append(
            "A recording has no blocks: its seconds stand in for them. Its intervals show how much one trial "
            "swings within itself, not how much another day or another machine would differ."
        )
    counts = [n for setup in setups for n in setup["blocks"].values() if not setup["pseudo_blocks"]]
    if counts and min(counts) < MIN_BLOCKS:
        found.append(
            f"Some intervals rest on {count(min(counts), 'block')} only; {MIN_BLOCKS} are wanted. "
            "A longer run (authlab run --for 10m) makes them narrower."
        )
    correlated = sorted(
        {row["label"] for setup in setups for row in [*setup["failures"], *setup["cpu"]] if row["autocorrelated"]}
    )
    if correlated:
        found.append(
            f"Neighbouring blocks of {', '.join(correlated)} stayed alike even after merging (the machine drifted): "
            "their intervals are too narrow by an unknown amount."
        )
    return found


def _sight(setups: list[dict[str, Any]]) -> list[str]:
    """The smallest effects that the A/A pairs could have shown, the worst of the setups for each quantity."""
    worst: dict[str, float] = {}
    for setup in setups:
        for section in setup["differences"]:
            if section["smallest_effect"] is not None:
                title = inner(section["title"])
                worst[title] = max(worst.get(title, 0.0), section["smallest_effect"])
    if not worst:
        if any(setup["differences"] for setup in setups):
            return ["There is no A/A pair, so it is unknown how small an effect this run could have seen."]
        return []
    parts = [f"{percent(effect)} in {title}" for title, effect in worst.items()]
    joined = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return [
        f"Effects smaller than {joined} are below what this run could see: its two identical measurements of "
        "`none` are known to agree no better than that."
    ]


def _tails(setups: list[dict[str, Any]]) -> list[str]:
    tops = [setup["percentiles"]["highest"] for setup in setups if setup["percentiles"]["highest"]]
    if not tops:
        return []
    beyond = setups[0]["percentiles"]["beyond"]
    return [f"Percentiles above {max(tops):.4g} are not shown: fewer than {beyond} requests lie beyond them."]


def _browser(report: dict[str, Any]) -> list[str]:
    if not any(p["unit"] == YES_NO for experiment in report["experiments"] for p in experiment["predictions"]):
        return []
    seen = report["versions"].get("chromium", "one Chromium")
    return [
        f"One browser was asked: {seen}, without a window. Others keep other defaults: Firefox and Safari treat "
        "cookies without SameSite, and third-party cookies, in ways of their own.",
        "The page and the API are authlab's own and deliberately weak: the answers are about browsers, not about your "
        "service.",
    ]


def _always(report: dict[str, Any], setups: list[dict[str, Any]]) -> list[str]:
    if not setups:
        return []
    steady = not any("history" in setup for setup in setups)
    found = [
        "Everything ran on one machine: a store across a network costs each request at least one round trip more "
        "than is seen here, and a busy neighbour would disturb all modes alike.",
    ]
    if steady:
        found.append("One arrival rate was measured. What happens near capacity is another experiment.")
    if report["run"]["stack"] != "recording":
        found.append(
            "Plain HTTP on the loopback interface, with log-ins at a low hashing cost: TLS and log-in storms are "
            "not part of these figures."
            if steady
            else "Plain HTTP on the loopback interface: TLS is not part of these figures."
        )
    if report["run"]["stack"] == "compose":
        found.append(
            "Each request enters through the program that publishes the proxy's port (docker-proxy). Its CPU time is "
            "in no part's figure; where it was measured it took about 0.13 ms a request, the same in every mode."
        )
    return found
