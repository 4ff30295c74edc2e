"""Plans in run.json: back as they were written, without a path of the machine; those of schema 1 as far as it tells."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from authlab.model.declarations import mode_declared
from authlab.model.errors import Damaged
from authlab.model.faults import PlannedFault
from authlab.model.findings import ExperimentResult, Prediction
from authlab.model.machine import MachineFacts
from authlab.model.modes import MODES, App, Mode
from authlab.model.plan import Arm, Interleaved, Plan, Procedure, SideBySide, Step
from authlab.model.run import Run, Trial
from authlab.store.runs import RunFolder

MINE = replace(MODES["redis"], name="mine", note="my own", app=App("shop:make", "/srv/shop"))
CRASH = PlannedFault("crash-worker", 4.0)
HARMED = Arm(
    "mine-slow",
    MINE,
    workers=2,
    users=10,
    rate_rps=50.0,
    scenario="cart",
    mix={"me": 0.5, "add": 0.5},
    relogin="once",
    phases=((1.0, 20.0), (2.5, 80.0)),
    settings={"AUTHLAB_TOKEN_TTL_S": "6"},
    persistence="everysec",
    linked=True,
    probe_store=True,
    faults=(CRASH, PlannedFault("redis-latency", 1.0, 2.0, 5.0)),
    in_turn_s=1.5,
)
LOADED = Arm("none", MODES["none"], workers=3, users=50, rate_rps=300.0, slices=2)
PLANS = (
    Plan("main", (LOADED,), Interleaved(20, 0.25, 0.03, 0.02), 1, may_saturate=True),
    Plan("r1", (HARMED, replace(HARMED, label="mine")), SideBySide(14.0, timed=True), 2),
    Plan(
        "search",
        (LOADED,),
        Procedure(
            "until-narrow",
            {"width": 0.02},
            {"of": "cpu_us_ratio"},
            60.0,
            (Step(Interleaved(20, 0.25, 0.03, 0.02), {"width": 0.03}), Step(SideBySide(1.0), {"width": None})),
        ),
        3,
    ),
)


def _run(plans: tuple[Plan, ...] = PLANS) -> Run:
    return Run(
        id="r",
        status="running",
        command=("authlab", "run"),
        seed=1,
        started_at="2026-11-24T12:00:00Z",
        finished_at=None,
        stack="local",
        machine={"cores": 2},
        versions={},
        parameters={"workers": 3},
        experiments=(
            ExperimentResult("e", "claim", (Prediction("none", "q", "1", 1.0, stage="main"),), plans=plans),
            ExperimentResult("browser", "claim", ()),
        ),
        facts=MachineFacts(1, 1, 0.06),
    )


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """A run's folder whose run.json has all kinds of plans."""
    store = RunFolder(tmp_path)
    store.write_run(_run())
    return store


def _edit(folder: RunFolder, change: Callable[[dict[str, Any]], Any]) -> None:
    file = folder.path / "run.json"
    body = json.loads(file.read_text())
    change(body)
    file.write_text(json.dumps(body))


def test_plans_and_the_facts_of_the_machine_come_back_whole_but_for_the_folders_of_applications(
    folder: RunFolder,
) -> None:
    read = folder.read_run()
    homeless = replace(MINE, app=App("shop:make"))
    arms = tuple(replace(arm, mode=homeless) for arm in PLANS[1].arms)
    assert read == _run((PLANS[0], replace(PLANS[1], arms=arms), PLANS[2]))
    assert read.experiments[0].plans[1].side_by_side
    assert read.facts == MachineFacts(1, 1, 0.06)


def test_no_path_of_the_machine_is_in_the_file(folder: RunFolder) -> None:
    text = (folder.path / "run.json").read_text()
    assert "shop:make" in text
    assert "/srv" not in text


def test_members_that_have_a_default_may_be_missing_and_unknown_ones_are_passed_over(folder: RunFolder) -> None:
    def change(body: dict[str, Any]) -> None:
        for plan in body["experiments"][0]["plans"]:
            plan["colour"] = "red"
            for arm in plan["arms"]:
                for name in ("scenario", "linked", "read_timeout_s"):
                    del arm[name]
                arm["mode"] |= {"colour": "#abc", "keys": ["one"]}
                del arm["mode"]["needs_store"]
        body["mood"] = "good"

    _edit(folder, change)
    arm = folder.read_run().experiments[0].plans[1].arms[0]
    assert (arm.scenario, arm.linked, arm.read_timeout_s, arm.mode.needs_store) == ("", False, 30.0, False)
    assert arm.faults == HARMED.faults


def _plan(body: dict[str, Any], number: int) -> Any:
    return body["experiments"][0]["plans"][number]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda body: _plan(body, 0).pop("arms"), r"missing required field `arms` - at `.+plans\[0\]`"),
        (lambda body: _plan(body, 0)["exercise"].update(type="juggling"), "Invalid value 'juggling'"),
        (lambda body: _plan(body, 0)["exercise"].pop("blocks"), "missing required field `blocks`"),
        (lambda body: _plan(body, 0).update(seed=-1), "Expected `int` >= 0"),
        (lambda body: _plan(body, 1)["arms"][0].update(workers="two"), r"got `str` - at `.+arms\[0\].workers`"),
        (lambda body: _plan(body, 1)["arms"][0]["mode"].pop("traits"), "missing required field `traits`"),
        (lambda body: _plan(body, 1)["arms"][0].update(relogin="often"), "Invalid enum value 'often'"),
        (lambda body: body["facts"].pop("hash_cpu_s"), r"`hash_cpu_s` - at `\$.facts`"),
    ],
)
def test_a_plan_that_is_not_whole_is_damage_and_the_sentence_names_the_place(
    folder: RunFolder, change: Callable[[dict[str, Any]], Any], said: str
) -> None:
    _edit(folder, change)
    with pytest.raises(Damaged, match=f"not a complete run: .*{said}.*may still hold data"):
        folder.read_run()


# Schema 1


STAGE: dict[str, Any] = {
    "experiment": "e",
    "key": "main",
    "workers": 3,
    "labels": ["memory", "jwt", "mine", "memory-again"],
    "blocks": 45,
    "slice_s": 0.5,
    "warmup_s": 0.03,
    "gap_s": 0.02,
    "users": 50,
    "rate_rps": 300.0,
}
HARM: dict[str, Any] = {
    **STAGE,
    "key": "r2",
    "labels": ["none", "sticky-pause-short", "jwt-cookie-old", "jwt"],
    "blocks": 1,
    "slice_s": 14.0,
    "rate_rps": 100.0,
    "seed": 7,
    "faults": {
        "sticky-pause-short": ["pause-worker:worker-2@4s+1.5s", "redis-latency=5ms@20s+10s"],
        "jwt": ["clock-skew=-3s@2s+19s", "rolling-restart=1s@3s"],
    },
}
DECLARED: dict[str, Any] = {
    "note": "my own",
    "app": "shop:make",
    "state": "redis",
    "routing": "round-robin",
    "needs_store": True,
    "traits": {name: getattr(MINE.traits, name) for name in MINE.traits.__dataclass_fields__},
}


def _old(folder: RunFolder, stages: list[dict[str, Any]], modes: dict[str, Any] | None = None) -> Run:
    def change(body: dict[str, Any]) -> None:
        body |= {"schema": "authlab/run/1", "parameters": {"stages": stages, "modes": modes or {}}}
        del body["facts"]
        for result in body["experiments"]:
            del result["plans"]

    folder.write_run(replace(_run(()), trials=(Trial("01-jwt-r2", "e", "r2", "jwt", 5),)))
    _edit(folder, change)
    return folder.read_run()


def _modes(plan: Plan) -> list[tuple[str, Mode, int, int]]:
    return [(arm.label, arm.mode, arm.workers, arm.slices) for arm in plan.arms]


def test_an_old_run_keeps_its_schema_and_its_stages_become_plans(folder: RunFolder) -> None:
    run = _old(folder, [STAGE, HARM], {"mine": DECLARED})
    assert run.schema == "authlab/run/1"
    loaded, harmed = run.experiments[0].plans
    assert run.experiments[1].plans == ()
    assert (loaded.stage, loaded.exercise, loaded.seed) == ("main", Interleaved(45, 0.5, 0.03, 0.02), 1)
    assert _modes(loaded) == [
        ("memory", MODES["memory"], 3, 2),
        ("jwt", MODES["jwt"], 3, 1),
        ("mine", mode_declared("mine", DECLARED), 3, 1),
    ]
    mine = loaded.arm("mine").mode
    assert (mine.app, mine.needs_store, mine.traits) == (App("shop:make"), True, MINE.traits)
    assert loaded.labels == ("memory", "memory-again", "jwt", "mine")
    assert (harmed.stage, harmed.exercise, harmed.seed) == ("r2", SideBySide(14.0), 7)
    assert _modes(harmed) == [
        ("none", MODES["none"], 3, 1),
        ("sticky-pause-short", MODES["sticky"], 3, 1),
        ("jwt-cookie-old", MODES["jwt-cookie"], 3, 1),
        ("jwt", MODES["jwt"], 5, 1),
    ]
    assert {(arm.users, arm.rate_rps) for arm in harmed.arms} == {(50, 100.0)}
    assert [arm.faults for arm in harmed.arms] == [
        (),
        (PlannedFault("pause-worker", 4.0, 1.5, None, "worker-2"), PlannedFault("redis-latency", 20.0, 10.0, 5.0)),
        (),
        (PlannedFault("clock-skew", 2.0, 19.0, -3.0), PlannedFault("rolling-restart", 3.0, None, 1.0)),
    ]


def test_a_stage_of_a_mode_that_nobody_declared_has_no_plan_and_the_run_is_read_all_the_same(
    folder: RunFolder,
) -> None:
    assert [plan.stage for plan in _old(folder, [STAGE, HARM]).experiments[0].plans] == ["r2"]


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        ({name: value for name, value in STAGE.items() if name != "gap_s"}, "missing required field `gap_s`"),
        ({**STAGE, "labels": "none"}, r"Expected `array`, got `str` - at `\$.parameters.stages\[0\].labels`"),
        ({**STAGE, "workers": True}, r"Expected `int`, got `bool` - at `\$.parameters.stages\[0\].workers`"),
    ],
)
def test_an_old_stage_that_is_not_whole_is_damage(folder: RunFolder, stage: dict[str, Any], said: str) -> None:
    with pytest.raises(Damaged, match=said):
        _old(folder, [stage])
