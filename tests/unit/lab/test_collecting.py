"""What a lab that was killed left beside a trial's tables: read once, and as far as it is whole."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import polars as pl
import pytest

from authlab.lab.collecting import RECORDING, collected, has_raw, tables_of, write_slices
from authlab.lab.sampling import RESOURCES_FILE
from authlab.load.slices import slices_of
from authlab.model.modes import MODES
from authlab.model.plan import Arm, Interleaved, Plan, Procedure, SideBySide
from authlab.model.samples import SAMPLE_COLUMNS
from authlab.model.windows import Slice
from authlab.store.frames import RESOURCES_SCHEMA, TrialFrames
from authlab.store.recording import RECORDING_SCHEMA, WINDOW_TYPES
from authlab.store.runs import RunFolder

_S = 1_000_000_000
_TRIAL = "01-jwt"
_ARM = Arm("jwt", MODES["jwt"], workers=2, users=2, rate_rps=10.0)
_STEP = Interleaved(blocks=3, slice_s=1.0, warmup_s=0.25, gap_s=0.5)
_LOADED = Plan("main", (_ARM,), Procedure("until-precise", {}, {}, 60.0), 1)
_HARMED = Plan("r1", (_ARM,), SideBySide(10.0), 1)
_KINDS = [field.name for field in fields(TrialFrames)]


@pytest.fixture
def store(tmp_path: Path) -> RunFolder:
    """A run's folder with the folder of its one trial."""
    found = RunFolder(tmp_path)
    found.trial_folder(_TRIAL)
    return found


def _folder(store: RunFolder) -> Path:
    return store.trial_folder(_TRIAL)


def _lines(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    return "".join(",".join(map(str, row)) + "\n" for row in (columns, *rows))


def _sample(window: int, sent_s: float) -> list[object]:
    sent = round(sent_s * _S)
    known: dict[str, object] = {
        "window": window,
        "op": "me" if window >= 0 else "login",
        "outcome": "ok",
        "status": 200,
        "worker": "worker-1",
        **dict.fromkeys(("due_ns", "ready_ns", "sent_ns"), sent),
        "done_ns": sent + 1_000_000,
    }
    texts = {"op", "worker", "outcome", "reason", "request_id", "item", "cart"}
    return [known.get(name, "" if name in texts else 0) for name in SAMPLE_COLUMNS]


def _leave(
    store: RunFolder,
    slices: Sequence[Slice],
    *,
    origin_s: float,
    sent_s: Sequence[tuple[int, float]],
    closed: Sequence[int],
    resources: Sequence[str] = (),
) -> None:
    """The raw files of a step: requests as (window, moment), and the windows that the generator closed."""
    folder = _folder(store)
    write_slices(folder, slices, round(origin_s * _S))
    recording = folder / RECORDING
    recording.mkdir()
    clock = {"monotonic_ns": 1, "unix_ns": 1}
    head = {"schema": RECORDING_SCHEMA, "id": "x", "status": "running", "scenario": "browse", "host": None}
    (recording / "recording.json").write_text(json.dumps({**head, "clock": clock}))
    samples = [_sample(window, at) for window, at in sent_s]
    (recording / "samples-1.csv").write_text(_lines(SAMPLE_COLUMNS, samples))
    windows = [[window, 10, 1, 7, 1, 2] for window in closed]
    (recording / "windows-1.csv").write_text(_lines(list(WINDOW_TYPES), windows))
    (folder / RESOURCES_FILE).write_text(_lines(list(RESOURCES_SCHEMA), []) + "".join(resources))


def _first_step(store: RunFolder) -> list[Slice]:
    slices = slices_of(_LOADED, _STEP)
    sent = [(-1, 99.0), *((n, 100.0 + 1.5 * n + 0.5) for n in range(3))]
    rows = [f"{n},proxy,{n},{n + 1},5,6\n" for n in range(3)]
    _leave(store, slices, origin_s=100.0, sent_s=sent, closed=[0, 1, 2], resources=rows)
    return slices


def _second_step(store: RunFolder, before: Sequence[Slice], closed: Sequence[int] = (3, 4, 5)) -> None:
    slices = slices_of(_LOADED, _STEP, before)
    sent = [(-1, 199.0), *((n, 200.0 + 1.5 * (n - 3) + 0.5) for n in range(3, 6))]
    rows = [f"{n},proxy,{n},{n + 1},5,6\n" for n in range(3, 6)]
    _leave(store, slices, origin_s=200.0, sent_s=sent, closed=closed, resources=rows)


def test_a_killed_trial_under_open_load_keeps_its_window_and_its_samples(store: RunFolder) -> None:
    slices = slices_of(_HARMED, SideBySide(10.0))
    sent = [(-1, 99.0), (0, 100.5), (0, 103.0), (0, 104.25)]
    rows = ["0,proxy,100,101,5,6\n", "0,worker-1,100,101,,6\n", "0,pro"]
    _leave(store, slices, origin_s=100.0, sent_s=sent, closed=[], resources=rows)
    found = tables_of(store, _TRIAL, _HARMED)
    assert found.samples.select("window", "label", "block", "warmup").rows() == [
        (-1, "", -1, True),
        (0, "jwt", 0, False),
        (0, "jwt", 0, False),
        (0, "jwt", 0, False),
    ]
    (window,) = found.windows.to_dicts()
    assert (window["index"], window["start_ns"]) == (0, 100 * _S)
    assert window["end_ns"] == round(104.251 * _S), "it ended with the last answer"
    assert (window["arrivals"], window["unserved"], window["generator_cpu_ns"]) == (0, 0, 0)
    assert found.resources.select("part", "cpu_ns").rows() == [("proxy", 5), ("worker-1", None)]


def test_a_window_that_was_planned_after_the_loads_end_was_none(store: RunFolder) -> None:
    arm = Arm("jwt", MODES["jwt"], workers=2, users=2, rate_rps=10.0, phases=((5.0, 10.0), (5.0, 1.0)))
    plan = Plan("r1", (arm,), SideBySide(10.0), 1)
    slices = slices_of(plan, SideBySide(10.0))
    _leave(store, slices, origin_s=100.0, sent_s=[(0, 101.0)], closed=[])
    found = collected(store, _folder(store), plan, stopped_ns=103 * _S)
    assert found is not None
    assert found.windows.select("index", "end_ns").rows() == [(0, 103 * _S)], "it ended when the load was stopped"


def test_a_killed_trial_of_slices_leaves_the_open_one_out_with_its_requests(store: RunFolder) -> None:
    slices = slices_of(_LOADED, _STEP)
    sent = [(-1, 99.0), (0, 100.1), (0, 100.5), (1, 101.7)]
    _leave(store, slices, origin_s=100.0, sent_s=sent, closed=[0])
    found = tables_of(store, _TRIAL, _LOADED)
    assert found.windows["index"].to_list() == [0]
    assert found.samples.select("window", "warmup").rows() == [(-1, True), (0, True), (0, False)]


def test_the_steps_of_a_procedure_are_appended(store: RunFolder) -> None:
    first = _first_step(store)
    after_one = collected(store, _folder(store), _LOADED, 0)
    assert after_one is not None
    assert not has_raw(_folder(store))
    _second_step(store, first)
    after_two = collected(store, _folder(store), _LOADED, 0)
    assert after_two is not None
    assert after_two.windows.select("index", "block").rows() == [(n, n) for n in range(6)]
    assert after_two.windows["start_ns"].to_list()[3] == 200 * _S, "each step counts from its own beginning"
    assert after_two.samples["window"].to_list() == [-1, 0, 1, 2, -1, 3, 4, 5]
    assert after_two.resources["index"].to_list() == list(range(6))
    for kind in _KINDS:
        whole = getattr(after_two, kind)
        assert whole.head(getattr(after_one, kind).height).equals(getattr(after_one, kind)), kind
        assert getattr(tables_of(store, _TRIAL, _LOADED), kind).equals(whole), kind


def test_a_step_in_which_the_lab_was_killed_is_added_as_far_as_its_slices_were_served(store: RunFolder) -> None:
    first = _first_step(store)
    collected(store, _folder(store), _LOADED, 0)
    _second_step(store, first, closed=[3, 4])
    found = tables_of(store, _TRIAL, _LOADED)
    assert found.windows["index"].to_list() == [0, 1, 2, 3, 4]
    assert found.samples["window"].to_list() == [-1, 0, 1, 2, -1, 3, 4]
    assert has_raw(_folder(store)), "reading removes nothing"


@pytest.mark.parametrize("written", range(len(_KINDS) + 1))
@pytest.mark.parametrize("step", [1, 2])
def test_what_was_written_before_its_raw_files_were_removed_is_not_counted_twice(
    written: int, step: int, store: RunFolder
) -> None:
    first = _first_step(store)
    if step == 2:
        collected(store, _folder(store), _LOADED, 0)
        _second_step(store, first)
    before = store.read_frames(_TRIAL)
    whole = tables_of(store, _TRIAL, _LOADED)
    assert whole.windows.height == 3 * step
    # As many of the tables as the lab came to write, in its order.
    kinds = {kind: getattr(whole if place < written else before, kind) for place, kind in enumerate(_KINDS)}
    store.write_frames(_TRIAL, TrialFrames(**kinds))
    again = tables_of(store, _TRIAL, _LOADED)
    for kind in _KINDS:
        assert getattr(again, kind).equals(getattr(whole, kind)), kind
    kept = collected(store, _folder(store), _LOADED, 0)
    assert kept is not None
    assert all(getattr(kept, kind).equals(getattr(whole, kind)) for kind in _KINDS)
    assert not has_raw(_folder(store))


def test_a_trial_that_left_nothing_has_empty_tables(store: RunFolder) -> None:
    assert collected(store, _folder(store), _LOADED, 0) is None
    found = tables_of(store, _TRIAL, None)
    assert all(getattr(found, kind).is_empty() for kind in _KINDS)


def test_a_generator_that_recorded_no_window_yet_leaves_its_log_ins(store: RunFolder) -> None:
    _leave(store, slices_of(_LOADED, _STEP), origin_s=100.0, sent_s=[(-1, 99.0)], closed=[])
    found = tables_of(store, _TRIAL, _LOADED)
    assert found.samples.select("window", "op").rows() == [(-1, "login")]
    assert found.windows.is_empty()
    assert isinstance(found.samples.schema["warmup"], pl.Boolean)
