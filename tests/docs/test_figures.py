"""Every number that the docs take from a run is the run's, and every computed block is what it is computed from."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from tests.docs import figures
from tests.unit.experiments.made_data import made_plan
from tests.unit.experiments.made_faults import judged_by, plans_of, predicted

from authlab.experiments.browser import BROWSER_EXPERIMENTS
from authlab.experiments.catalogue import EXPERIMENTS, FAULT_EXPERIMENTS
from authlab.model.findings import ExperimentResult, Judgement, Observation, Prediction, Verdict
from authlab.model.run import RUN_SCHEMA, Run, Trial
from authlab.store.codec import run_to_json

_SHARES = {"none": 0.0, "memory": 0.5, "sticky": 0.0, "redis": 0.0, "jwt": 0.0}
_CPU_US = {"none": 500.0, "memory": 500.0, "sticky": 500.0, "redis": 650.0, "jwt": 550.0}
_EMPTY = "before\n<!-- figures: {} -->\n<!-- /figures -->\nafter\n"


def _run(result: ExperimentResult, **changes: object) -> Run:
    trial = Trial("01-none", result.id, "main", "none", 3, blocks=24)
    known: dict[str, object] = {
        "id": "20261124T060000Z-made",
        "status": "finished",
        "command": ("authlab", "run"),
        "seed": 1,
        "started_at": "2026-11-24T06:00:00Z",
        "finished_at": "2026-11-24T06:03:00Z",
        "stack": "local",
        "machine": {
            "cpu": "Example CPU",
            "cores": 2,
            "memory_bytes": 8 * 1024**3,
            "distribution": "Debian GNU/Linux 12 (bookworm)",
            "virtual": True,
            "pinning": {"generator": [1], "stack": [0]},
        },
        "versions": {"python": "3.11.7", "nginx": "1.31.3", "redis": "Redis 7.0.15"},
        "parameters": {"users": 50, "rate_rps": 300.0},
        "experiments": (result,),
        "trials": (trial,),
    }
    return Run(**{**known, **changes})  # type: ignore[arg-type]


@cache
def _three_modes() -> ExperimentResult:
    return judged_by("three-modes", plans_of("three-modes"), [made_plan(_SHARES, _CPU_US)])


@cache
def _round_robin() -> ExperimentResult:
    name, data = "round-robin-breaks-memory", []
    for workers in (1, 2, 4, 8):
        shares = {**dict.fromkeys(("sticky", "redis", "jwt"), 0.0), "memory": (workers - 1) / workers}
        costs = dict.fromkeys(shares, 500.0)
        data.append(made_plan(shares, costs, workers=workers, labels=tuple(shares), stage=f"n{workers}"))
    return judged_by(name, plans_of(name), data)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout in small: a page per experiment with an empty block, and no reference run yet."""
    (tmp_path / "README.md").write_text("no block here\n")
    (tmp_path / "docs" / "deep").mkdir(parents=True)
    for name in ("three-modes", "round-robin-breaks-memory"):
        (tmp_path / "docs" / "deep" / f"{name}.md").write_text(_EMPTY.format(name))
    return tmp_path


def _store(root: Path, run: Run, name: str) -> Path:
    file = root / "results" / "reference" / name / "run.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(run_to_json(run)))
    return file


# The real docs


def test_every_block_is_what_is_computed_from_the_reference_runs() -> None:
    assert figures.wrong() == []


@pytest.mark.parametrize("experiment", [name for name in EXPERIMENTS if name not in BROWSER_EXPERIMENTS])
def test_every_experiment_has_a_reference_run_that_its_page_cites(experiment: str) -> None:
    page = figures.ROOT / "docs" / "experiments" / f"{experiment}.md"
    assert (page, "figures", experiment) in [(b.page, b.kind, b.name) for b in figures.blocks()]
    folder = figures.FAULTS if experiment in FAULT_EXPERIMENTS else experiment
    figures.reference(figures.ROOT / "results" / "reference" / folder / "run.json", experiment)


_KEPT = {
    **{name: (name,) for name in figures.TABLES},
    figures.FAULTS: tuple(FAULT_EXPERIMENTS),
    figures.BROWSER: tuple(BROWSER_EXPERIMENTS),
}


_WITH_TABLES = ("three-modes",)
"""What `authlab compare` is shown with; of the others run.json, which the docs cite, and the report to read."""


def test_the_reference_runs_are_small() -> None:
    files = [file for file in (figures.ROOT / "results" / "reference").rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 4_000_000


@pytest.mark.parametrize("folder", _KEPT)
def test_a_reference_run_is_whole_and_has_no_more_than_it_needs_and_tells_no_secret_and_no_folder_of_its_machine(
    folder: str,
) -> None:
    kept = figures.ROOT / "results" / "reference" / folder
    files = [file for file in kept.rglob("*") if file.is_file()]
    telling = re.compile(
        r"eyJ[\w-]{10,}\.[\w-]{10,}\.|session_\w+=[\w-]{20,}|Bearer [\w-]{20,}|(?<![\w.])/(home|root|tmp|work)/"
    )
    texts = [file for file in files if file.suffix in (".json", ".md")]
    assert {file.name for file in kept.iterdir() if file.is_file()} == {"run.json", "report.md"}
    assert [str(file) for file in texts if telling.search(file.read_text(encoding="utf-8"))] == []
    for experiment in _KEPT[folder]:
        run, result = figures.reference(kept / "run.json", experiment)
        assert result.predictions == _told(run, predicted(EXPERIMENTS[experiment])), "made by these rules"
        assert [trial for trial in run.trials if trial.experiment == experiment]
    tables = {file.relative_to(kept / "trials") for file in files if "trials" in file.parts}
    names = ("samples.parquet", "windows.parquet", "resources.parquet")
    needed = {Path(trial.id) / name for trial in run.trials for name in names} if folder in _WITH_TABLES else set()
    assert tables == needed


def _told(run: Run, predictions: Sequence[Prediction]) -> tuple[Prediction, ...]:
    """The predictions as a run of that schema tells them: the first told neither stages nor thresholds."""
    if run.schema == RUN_SCHEMA:
        return tuple(predictions)
    return tuple(replace(prediction, stage="", at_least=None) for prediction in predictions)


def test_the_browser_labs_reference_run_is_cited() -> None:
    page = figures.ROOT / "docs" / "experiments" / "browser.md"
    assert (page, "figures", figures.BROWSER) in [(b.page, b.kind, b.name) for b in figures.blocks()]


def test_a_block_that_is_begun_is_ended() -> None:
    for page in figures.pages():
        text = page.read_text(encoding="utf-8")
        begun = re.findall(r"^<!-- (figures|security|modes): ", text, re.MULTILINE)
        ended = re.findall(r"^<!-- /(figures|security|modes) -->", text, re.MULTILINE)
        found = [block.kind for block in figures.blocks() if block.page == page]
        assert begun == ended == found, page


# What computes them


def test_the_table_of_three_modes_says_what_was_measured(root: Path) -> None:
    result = _three_modes()
    file = _store(root, _run(result), "three-modes")
    figures.main(["--write"], root)
    page = root / "docs" / "deep" / "three-modes.md"
    text = page.read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", text, re.MULTILINE))
    assert list(rows) == ["none", "memory", "sticky", "redis", "jwt"]
    assert rows["none"].split(" | ")[1:] == ["1", "1"]
    assert rows["memory"].startswith("50")
    ratio = re.fullmatch(r"(\S+) \[(\S+), (\S+)\]", rows["redis"].split(" | ")[2])
    assert ratio is not None
    value, low, high = map(float, ratio.groups())
    assert low <= 1.3 <= high
    assert value == pytest.approx(1.3, abs=0.03)
    assert low < value < high
    seen = {(o.mode, o.quantity, o.against): o for o in result.observations}["redis", "cpu_us_ratio", "none"]
    assert seen.interval is not None
    assert (low, high) == pytest.approx(seen.interval, abs=0.005)
    assert "in 24 blocks per mode, 3 workers, 50 users, 300 requests/s" in text
    assert re.search(r"The A/A pair, `none` against `none`: median [\d.]+ \[.*\], CPU [\d.]+ \[.*\]\.", text)
    assert "2 cores of a virtual machine (Example CPU, 8 GiB), Debian GNU/Linux 12 (bookworm), Python 3.11.7" in text
    (link,) = re.findall(r"\]\(([^)]*run\.json)\)", text)
    assert (page.parent / link).resolve() == file.resolve()
    assert text.startswith("before\n<!-- figures: three-modes -->\n| mode |")
    assert text.endswith("<!-- /figures -->\nafter\n")


def test_the_table_of_implementations_has_a_row_per_design_and_the_rules_number() -> None:
    served = {"redis-lean": 0.82, "redis": 0.75, "flask-session": 0.53, "jwt-lean": 0.91, "jwt": 0.66}
    quantity, rule = "requests_per_cpu_s_ratio", "design_to_implementation_spread"
    seen = [Observation(m, quantity, v, (v - 0.01, v + 0.01), 30, 900, "ratio", 3, "none") for m, v in served.items()]
    seen.append(Observation("redis", rule, 0.72, (0.7, 0.74), 30, 900, "ratio", 3, "jwt", "session / token: lean 1.11"))
    table = figures.implementations_table(ExperimentResult("implementations", "", (), tuple(seen)))
    assert [line.replace("\u00a0", " ") for line in table] == [
        "| requests per CPU second, to `none` | lean | documented | extension |",
        "| --- | --- | --- | --- |",
        "| session in Redis | `redis-lean`: 0.820 [0.810, 0.830] | `redis`: 0.750 [0.740, 0.760] | "
        "`flask-session`: 0.530 [0.520, 0.540] |",
        "| token | `jwt-lean`: 0.910 [0.900, 0.920] | `jwt`: 0.660 [0.650, 0.670] | "
        "`flask-jwt-extended`: not measured |",
        "",
        "Largest factor between designs to smallest factor between implementations: 0.720 [0.700, 0.740]. "
        "Factors of CPU per request: session / token: lean 1.11.",
    ]


def test_the_table_of_round_robin_has_a_row_per_number_of_workers(root: Path) -> None:
    _store(root, _run(_round_robin()), "round-robin-breaks-memory")
    figures.main(["--write"], root)
    text = (root / "docs" / "deep" / "round-robin-breaks-memory.md").read_text()
    rows = re.findall(r"^\| (\d) \| (\S+ %) \| (\S+) ", text, re.MULTILINE)
    assert [(n, predicted) for n, predicted, _ in rows] == [
        ("1", "0 %"),
        ("2", "50.0 %"),
        ("4", "75.0 %"),
        ("8", "87.5 %"),
    ]
    assert [float(seen) for *_, seen in rows] == pytest.approx([0, 50, 75, 87.5], abs=1.5)
    assert "1, 2, 4 and 8 workers" in text


def test_writing_twice_changes_nothing_and_one_changed_digit_is_found(root: Path) -> None:
    _store(root, _run(_three_modes()), "three-modes")
    _store(root, _run(_round_robin()), "round-robin-breaks-memory")
    assert figures.main([], root) == 1, "the blocks are empty"
    assert figures.main(["--write"], root) == 0
    assert figures.write(root) == []
    page = root / "docs" / "deep" / "three-modes.md"
    page.write_text(re.sub(r"(\| `redis` \|.*)\d", r"\g<1>x", page.read_text()))
    assert [text for text in figures.wrong(root) if "three-modes" in text and "out of date" in text]
    assert figures.main([], root) == 1


def test_a_missing_reference_run_is_wrong_and_the_remedy_is_named(root: Path) -> None:
    _store(root, _run(_round_robin()), "round-robin-breaks-memory")
    assert figures.main(["--write"], root) == 1
    (problem,) = figures.wrong(root)
    assert "authlab run three-modes" in problem
    assert "| 8 |" in (root / "docs" / "deep" / "round-robin-breaks-memory.md").read_text(), "the other one is written"


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "interrupted"},
        {"schema": "authlab/run/0"},
        {"experiments": ()},
        {"trials": (Trial("05-jwt", "three-modes", "main", "jwt", 3, valid=False, reasons=("late",)),)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_run_that_proves_nothing_is_not_cited(root: Path, changes: dict[str, object]) -> None:
    file = _store(root, _run(_three_modes(), **changes), "three-modes")
    with pytest.raises(figures.Unusable):
        figures.reference(file, "three-modes")


def test_a_block_of_an_unknown_experiment_or_mode_is_wrong(root: Path) -> None:
    (root / "README.md").write_text(
        "<!-- figures: tree-modes -->\n<!-- /figures -->\n<!-- security: jtw -->\n<!-- /security -->\n"
    )
    problems = [text for text in figures.wrong(root) if text.startswith("README.md")]
    assert len(problems) == 2
    assert "tree-modes" in problems[0]
    assert "jtw" in problems[1]


def test_a_fault_experiment_has_a_row_per_prediction_and_one_for_what_was_observed_besides() -> None:
    lost = Prediction("sticky", "users_logged_out", "1", 1.0, 0.05)
    rule = Prediction("jwt", "users_logged_out", "some", None, rule="at least 0.05 of the users")
    seen = Observation("sticky", "users_logged_out", 0.98, (0.93, 1.0), 2, 100, "share")
    more = Observation("sticky", "seconds_until_back", 4.5, (4.0, 5.0), 2, 100, "s")
    result = ExperimentResult(
        "worker-crash",
        "a claim",
        (lost, rule),
        (seen, more),
        (
            Judgement(lost, seen, Verdict("inconclusive", "partly outside")),
            Judgement(rule, None, Verdict("inconclusive", "not measured")),
        ),
        Verdict("inconclusive", "the run cannot decide"),
    )
    lines = [line.replace(figures.NBSP, " ") for line in figures.fault_lines(_run(result), result, "run.json")]
    assert lines[2:5] == [
        "| `sticky` | users logged out | 100 % ± 5 points | 98.0 [93.0, 100] % | inconclusive |",
        "| `jwt` | users logged out | at least 0.05 of the users | not measured | inconclusive |",
        "| `sticky` | seconds until back | | 4.50 [4.00, 5.00] s | |",
    ]
    assert "Verdict: inconclusive" in lines[-1]
