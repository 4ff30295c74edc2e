"""The computed parts of the docs: figures of the reference runs, tables of modes, and their security requirements.

`make generated` rewrites them, together with the other generated files (tests/generated.py).

A block stands between `<!-- figures: EXPERIMENT -->` and `<!-- /figures -->`, in README.md or a page below docs/. So do
`security: MODE` and `modes: TABLE`. Figures come only from results/reference/EXPERIMENT/run.json, requirements from
services/security.toml, and the rest from the modes' declarations. Beside other numbers, as in docs/benchmarks.md, the
docs say how they were made.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tests.docs import mode_tables
from tests.requirements import applying, read_requirements

from authlab.browser.cells import ATTACKS, CHANGED, KEPT, STOLEN, quantity_of
from authlab.browser.places import PLACES
from authlab.experiments.browser import BROWSER_EXPERIMENTS
from authlab.experiments.catalogue import FAULT_EXPERIMENTS
from authlab.model.errors import Damaged
from authlab.model.findings import ExperimentResult, Judgement, Observation
from authlab.model.implementations import DESIGNS, IMPLEMENTATIONS
from authlab.model.modes import MODES
from authlab.model.run import Run
from authlab.model.windows import AGAIN
from authlab.report.words import NBSP, count, measured, number, percent, whole
from authlab.store.runs import RunFolder

ROOT: Final = Path(__file__).resolve().parents[2]

_BLOCK: Final = re.compile(r"(<!-- (figures|security|modes): (\S+) -->\n)(.*?)(<!-- /\2 -->)", re.DOTALL)
_FLOOR: Final = "none"


class Unusable(Exception):
    """A block can't be computed. The message says why, and what to do."""


class Block(NamedTuple):
    """A computed part of a page: its kind, its subject, and its present text."""

    page: Path
    kind: str
    name: str
    text: str


def pages(root: Path = ROOT) -> list[Path]:
    """The pages that may hold blocks."""
    return [root / "README.md", *sorted((root / "docs").rglob("*.md"))]


def blocks(root: Path = ROOT) -> Iterator[Block]:
    """Every block of every page, in order."""
    for page in pages(root):
        for found in _BLOCK.finditer(page.read_text(encoding="utf-8")):
            yield Block(page, found[2], found[3], found[4])


def computed(block: Block, root: Path = ROOT) -> str:
    """The text that the block must have. Raises `Unusable` if there are no data for it."""
    if block.kind == "security":
        return security_table(block.name, root)
    if block.kind == "modes":
        if block.name not in mode_tables.TABLES:
            raise Unusable(f"there is no table {block.name!r}; tables of modes: {', '.join(mode_tables.TABLES)}")
        return "".join(f"{line}\n" for line in mode_tables.TABLES[block.name](block.page, root))
    if block.name not in (*TABLES, BROWSER, *FAULT_EXPERIMENTS):
        raise Unusable(f"no table is known for the experiment {block.name!r}; tables: {', '.join(TABLES)}, {BROWSER}")
    folder = FAULTS if block.name in FAULT_EXPERIMENTS else block.name
    file = root / "results" / "reference" / folder / "run.json"
    link = os.path.relpath(file, block.page.parent)
    if block.name == BROWSER:
        lines = browser_tables([reference(file, name) for name in BROWSER_EXPERIMENTS], link)
    elif block.name in FAULT_EXPERIMENTS:
        lines = fault_lines(*reference(file, block.name), link)
    else:
        run, result = reference(file, block.name)
        lines = [*TABLES[block.name](result), "", *_source(run, result, link)]
    return "".join(f"{line}\n" for line in lines).replace(NBSP, " ")


def write(root: Path = ROOT) -> list[Path]:
    """Rewrite the blocks that are out of date, except those that can't be computed. Gives the changed pages."""
    changed = []
    for page in pages(root):
        old = page.read_text(encoding="utf-8")

        def filled(found: re.Match[str], page: Path = page) -> str:
            try:
                return found[1] + computed(Block(page, found[2], found[3], found[4]), root) + found[5]
            except Unusable:
                return found[0]

        new = _BLOCK.sub(filled, old)
        if new != old:
            page.write_text(new, encoding="utf-8")
            changed.append(page)
    return changed


def wrong(root: Path = ROOT) -> list[str]:
    """The problems of the blocks, a sentence each; empty if all are up to date."""
    found = []
    for block in blocks(root):
        place = f"{block.page.relative_to(root)}, {block.kind}: {block.name}"
        try:
            if computed(block, root) != block.text:
                found.append(f"{place}: out of date; make generated")
        except Unusable as error:
            found.append(f"{place}: {error}")
    return found


def reference(file: Path, experiment: str) -> tuple[Run, ExperimentResult]:
    """A reference run and its result for `experiment`. Raises `Unusable` unless it exists, finished and judged."""
    if not file.exists():
        raise Unusable(
            f"there is no reference run {file}: make it with `authlab run {experiment}` and copy its run.json there"
        )
    try:
        run = RunFolder(file.parent).read_run()
    except Damaged as error:
        raise Unusable(str(error)) from error
    result = next((item for item in run.experiments if item.id == experiment), None)
    if run.status != "finished" or result is None or result.verdict is None:
        raise Unusable(f"{file} holds no finished, judged run of {experiment}: make it again")
    mine = [trial for trial in run.trials if trial.experiment == experiment]
    if doubtful := [f"{trial.id}: {'; '.join(trial.reasons)}" for trial in mine if not trial.valid]:
        raise Unusable(f"{file} has trials that are not valid and can't be cited: {' | '.join(doubtful)}")
    return run, result


def three_modes_table(result: ExperimentResult) -> list[str]:
    """A row per mode: share refused, and median and CPU as ratios to `none`."""
    seen = {(o.mode, o.quantity, o.against): o for o in result.observations}
    rows = ["| mode | requests refused | median, ratio to `none` | CPU, ratio to `none` |", "| --- | --- | --- | --- |"]
    for mode in MODES:
        share = seen.get((mode, "auth_failure_share", None))
        if share is None:
            continue
        ratios = [seen.get((mode, quantity, _FLOOR)) for quantity in ("p50_ms_ratio", "cpu_us_ratio")]
        cells = ["1", "1"] if mode == _FLOOR else [_ratio(ratio) for ratio in ratios]
        rows.append(f"| `{mode}` | {_share(share)} | {cells[0]} | {cells[1]} |")
    return rows


def round_robin_table(result: ExperimentResult) -> list[str]:
    """A row per number of workers: the prediction for `memory`, and the share refused in each mode."""
    seen = {(o.mode, o.workers): o for o in result.observations if o.quantity == "auth_failure_share"}
    modes = [mode for mode in MODES if any(mode == key[0] for key in seen)]
    predicted = {p.workers: p.value for p in result.predictions if p.mode == "memory"}
    rows = [
        "| workers | predicted for `memory` | " + " | ".join(f"`{mode}`" for mode in modes) + " |",
        "| --- | --- |" + " --- |" * len(modes),
    ]
    for workers in sorted({n for _, n in seen if n}):
        shares = [seen.get((mode, workers)) for mode in modes]
        cells = " | ".join("not measured" if share is None else _share(share) for share in shares)
        rows.append(f"| {workers} | {percent(predicted.get(workers))} | {cells} |")
    return rows


def implementations_table(result: ExperimentResult) -> list[str]:
    """Requests per CPU second to `none`: a row per design, a column per implementation. Then the rule's number."""
    seen = {o.mode: o for o in result.observations if o.quantity == "requests_per_cpu_s_ratio"}
    rows = ["| requests per CPU second, to `none` | " + " | ".join(IMPLEMENTATIONS) + " |"]
    rows.append("| --- |" + " --- |" * len(IMPLEMENTATIONS))
    for design, modes in DESIGNS.items():
        cells = [f"`{mode}`: {_ratio(seen.get(mode))}" for mode in modes]
        rows.append(f"| {design} | " + " | ".join(cells) + " |")
    rule = next((o for o in result.observations if o.quantity == "design_to_implementation_spread"), None)
    if rule is not None:
        said = f"Largest factor between designs to smallest factor between implementations: {_ratio(rule)}."
        rows += ["", f"{said} Factors of CPU per request: {rule.note}."]
    return rows


TABLES: Final[dict[str, Callable[[ExperimentResult], list[str]]]] = {
    "three-modes": three_modes_table,
    "implementations": implementations_table,
    "round-robin-breaks-memory": round_robin_table,
}
"""The table of each experiment that has a reference run. A new one is a function and a line here."""


FAULTS: Final = "faults"
"""The fault experiments, which share one reference run."""


def fault_lines(run: Run, result: ExperimentResult, link: str) -> list[str]:
    """A row per prediction: the prediction, the measured value, the verdict. Then the other observations."""
    rows = ["| arm | quantity | predicted | measured | verdict |", "| --- | --- | --- | --- | --- |"]
    for judged in result.judgements:
        said, seen = judged.prediction, judged.observation
        unit = "share" if seen is None else seen.unit
        margin = f"{said.margin * 100:g} points" if unit == "share" else f"{said.margin:g}"
        wanted = said.rule if said.value is None else f"{measured(said.value, None, unit)} ± {margin}"
        came = "not measured" if seen is None or seen.value is None else measured(seen.value, seen.interval, unit)
        rows.append(
            f"| `{said.mode}` | {said.quantity.replace('_', ' ')} | {wanted} | {came} | {judged.verdict.value} |"
        )
    shown = {(judged.prediction.mode, judged.prediction.quantity) for judged in result.judgements}
    rows += [
        f"| `{seen.mode}` | {seen.quantity.replace('_', ' ')} | | {measured(seen.value, seen.interval, seen.unit)} | |"
        for seen in result.observations
        if (seen.mode, seen.quantity) not in shown and seen.value is not None
    ]
    verdict = result.verdict.value if result.verdict else "none"
    last = f"Machine: {_machine(run)}. Verdict: {verdict} ([run.json]({link}))."
    return [
        *rows,
        "",
        "Values have 95 % intervals or, if this page says so, the range of the repetitions.",
        last,
    ]


BROWSER: Final = "browser"
"""The browser lab's experiments, which share one reference run."""


def browser_tables(found: list[tuple[Run, ExperimentResult]], link: str) -> list[str]:
    """The result of each attack in each place. Then a row per experiment: how many answers were as predicted."""
    run = found[0][0]
    judged = {(j.prediction.mode, j.prediction.quantity): j for _, result in found for j in result.judgements}
    columns = [(a, next(q for q in (STOLEN, CHANGED, KEPT) if q in a.questions)) for a in ATTACKS.values()]
    rows = ["| place | " + " | ".join(f"{attack.title}: {asked}?" for attack, asked in columns) + " |"]
    rows.append("| --- |" + " --- |" * len(columns))
    for place in PLACES.values():
        cells = [_yes_no(judged.get((place.id, quantity_of(attack.id, asked)))) for attack, asked in columns]
        rows.append(f"| {place.title} | " + " | ".join(cells) + " |")
    rows += ["", "| experiment | questions | as predicted | verdict |", "| --- | --- | --- | --- |"]
    for _, result in found:
        met = sum(j.verdict.value == "confirmed" for j in result.judgements)
        verdict = result.verdict.value if result.verdict else "none"
        rows.append(f"| `{result.id}` | {len(result.judgements)} | {met} | {verdict} |")
    chromium = run.versions.get("chromium", "a Chromium of unknown version")
    return [*rows, "", f"Browser: {chromium}. Machine: {', '.join(_hardware(run))} ([run.json]({link}))."]


def _yes_no(judged: Judgement | None) -> str:
    if judged is None or judged.observation is None or judged.observation.value is None:
        return "not measured"
    return "yes" if judged.observation.value else "no"


def security_table(mode: str, root: Path = ROOT) -> str:
    """Every requirement that applies to the mode, and whether it is met."""
    if mode not in MODES:
        raise Unusable(f"there is no mode {mode!r}")
    requirements = read_requirements(root)
    rows = [
        f"| {number_} | {requirements[number_].asks} | {'**no**' if number_ in MODES[mode].unmet else 'yes'} |"
        for number_ in applying(requirements, MODES[mode])
    ]
    return "".join(f"{row}\n" for row in ("| requirement | asks that | met |", "| --- | --- | --- |", *rows))


def _share(share: Observation) -> str:
    return measured(share.value, share.interval, "share")


def _ratio(ratio: Observation | None) -> str:
    return "not measured" if ratio is None else measured(ratio.value, ratio.interval, "ratio").removeprefix(f"×{NBSP}")


def _source(run: Run, result: ExperimentResult, link: str) -> list[str]:
    """The basis of the table: requests, blocks, load, the A/A pair, the machine."""
    shares = [o for o in result.observations if o.quantity == "auth_failure_share"]
    fewest = min(trial.blocks for trial in run.trials if trial.experiment == result.id)
    load = run.parameters
    rates = {arm.rate_rps for plan in result.plans for arm in plan.arms} or {load["rate_rps"]}
    requests, rest = whole(sum(share.samples for share in shares)), count(fewest, "block")
    workers = sorted({share.workers for share in shares if share.workers})
    behind = " and ".join(filter(None, [", ".join(map(str, workers[:-1])), str(workers[-1])]))
    lines = [
        f"Value and 95 % interval; {requests} requests in {rest} per mode, {behind} workers, {load['users']} users, "
        f"{', '.join(number(rate) for rate in sorted(rates))} requests/s.",
    ]
    if sight := _sight(result):
        lines.append(f"The A/A pair, `none` against `none`: {sight}.")
    mine = {trial.mode: trial.summary.get("token_bytes") for trial in run.trials if trial.experiment == result.id}
    if tokens := [f"`{mode}` {length} bytes" for mode, length in mine.items() if length]:
        lines.append(f"Length of a token: {', '.join(tokens)}.")
    verdict = result.verdict.value if result.verdict else "none"
    lines.append(f"Machine: {_machine(run)}. Verdict: {verdict} ([run.json]({link})).")
    return lines


def _sight(result: ExperimentResult) -> str:
    seen = {o.quantity: o for o in result.observations if o.mode == _FLOOR + AGAIN}
    names = {"p50_ms_ratio": "median", "cpu_us_ratio": "CPU"}
    return ", ".join(f"{name} {_ratio(seen[key])}" for key, name in names.items() if key in seen)


def _hardware(run: Run) -> list[str]:
    facts = run.machine
    return [
        f"{count(facts['cores'], 'core')} of {'a virtual machine' if facts.get('virtual') else 'a machine'}"
        f" ({facts['cpu']}, {facts['memory_bytes'] / 1024**3:.0f} GiB)",
        str(facts.get("distribution") or facts.get("system")),
        f"Python {run.versions['python']}",
    ]


_LIBRARIES: Final = {"redis-py": "redis-py", "pyjwt": "PyJWT"}
"""Libraries whose versions stand beside every figure of a session or a token."""


def _machine(run: Run) -> str:
    versions, pins, words = run.versions, run.machine.get("pinning") or {}, _hardware(run)
    words += [f"nginx {versions['nginx']}"] if "nginx" in versions else []
    words += [f"store {versions['redis']}"] if "redis" in versions else []
    words += [f"{name} {versions[key]}" for key, name in _LIBRARIES.items() if key in versions]
    words.append(f"stack: {run.stack}")
    words.append("load and stack on different cores" if pins.get("generator") else "nothing pinned to a core")
    return ", ".join(words)


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Check or rewrite all blocks. Gives 1 if one is still wrong at the end."""
    parser = argparse.ArgumentParser(description="Check the computed parts of the docs.")
    parser.add_argument("--write", action="store_true", help="rewrite those that are wrong")
    if parser.parse_args(arguments).write:
        for page in write(root):
            print(f"rewrote {page.relative_to(root)}")
    problems = wrong(root)
    print(*problems, sep="\n", end="\n" if problems else "", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
