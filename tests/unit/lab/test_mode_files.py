"""A mode file becomes a mode, or one message with everything that is wrong with it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from authlab.experiments.catalogue import EXPERIMENTS
from authlab.experiments.judging import planned
from authlab.experiments.options import Options
from authlab.lab.mode_files import mode_from_word, read_mode_file
from authlab.model.declarations import usual_mode
from authlab.model.errors import Damaged, UsageProblem
from authlab.model.findings import ExperimentResult
from authlab.model.machine import MachineFacts
from authlab.model.mode import Signature
from authlab.model.modes import MODES, ROUTINGS, Mode
from authlab.model.run import Run
from authlab.store.runs import RunFolder


def _read(folder: Path, text: str) -> Mode:
    (folder / "own.toml").write_text(text)
    (folder / "own_app.py").write_text("def create(): ...\n")
    return read_mode_file(folder / "own.toml")


def _refused(folder: Path, text: str) -> str:
    with pytest.raises(UsageProblem) as caught:
        _read(folder, text)
    assert caught.value.exit_code == 64
    return str(caught.value)


def test_a_file_that_says_little_gets_the_defaults(tmp_path: Path) -> None:
    mode = _read(tmp_path, 'name = "own"\napp = "own_app:create"\n')
    assert mode.app is not None
    assert (mode.app.target, mode.app.folder) == ("own_app:create", str(tmp_path))
    assert (mode.state, mode.routing, mode.needs_store) == ("none", "round-robin", False)
    assert mode == usual_mode("own", "none", "round-robin", app=mode.app)
    assert (mode.traits.authenticates, mode.traits.any_worker_serves, mode.traits.revocable) == (True, True, False)


def test_a_file_that_says_everything_is_taken_at_its_word(tmp_path: Path) -> None:
    mode = _read(
        tmp_path,
        """
        name = "own-2"
        note = "of my own"
        app = "own_app:create"
        state = "jwt"
        routing = "sticky-cookie"
        needs_store = true
        [traits]
        any_worker_serves = false
        survives_store_loss = true
        """,
    )
    assert (mode.name, mode.note, mode.state, mode.routing) == ("own-2", "of my own", "jwt", "sticky-cookie")
    assert mode.needs_store
    assert not mode.traits.any_worker_serves
    assert mode.traits.survives_store_loss
    assert mode.traits.revocable, "what the file does not say stays as it usually is"


def test_a_store_is_started_for_a_state_that_needs_one(tmp_path: Path) -> None:
    assert _read(tmp_path, 'name = "own"\nstate = "redis"\n').needs_store
    assert not _read(tmp_path, 'name = "own"\nstate = "jwt"\n').needs_store


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
def test_a_built_in_modes_state_and_routing_give_all_that_it_declares_but_its_own_words(mode: Mode) -> None:
    usual = usual_mode(mode.name, mode.state, mode.routing)
    assert usual.traits == mode.traits
    assert replace(usual, note=mode.note, unmet=mode.unmet, look=mode.look) == mode


def test_sessions_in_worker_memory_are_served_by_any_worker_only_with_a_routing(tmp_path: Path) -> None:
    for routing in ROUTINGS:
        mode = _read(tmp_path, f'name = "own"\nstate = "memory"\nrouting = "{routing}"')
        assert mode.traits.any_worker_serves == (routing != "round-robin")


def test_an_app_may_say_how_its_credential_travels_and_what_signs_it(tmp_path: Path) -> None:
    plain = _read(tmp_path, 'name = "own"\napp = "own_app:create"')
    assert (plain.credential, plain.signature, plain.after_logout) == ("answer", None, "not declared")
    said = 'credential = "cookie+csrf"\nsigns = "HS256"\nafter_logout = "2 s"'
    mode = _read(tmp_path, f'name = "own"\napp = "own_app:create"\n{said}')
    assert (mode.credential, mode.signature, mode.after_logout) == ("cookie+csrf", Signature("HS256"), "2 s")


def test_a_state_brings_how_its_credential_travels_along(tmp_path: Path) -> None:
    mode = _read(tmp_path, 'name = "own"\nstate = "jwt_cookie"\nrouting = "sticky-cookie"')
    assert (mode.credential, mode.cookie, mode.signature) == ("cookie+csrf", "authlab_token", Signature("HS256"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('state = "memory"', "name is missing"),
        ("name = 7\nstate = 'memory'", "name must be text, not 7"),
        ('name = "Own"\nstate = "memory"', "a-z"),
        ('name = "../own"\nstate = "memory"', "a-z"),
        ('name = "jwt"\nstate = "memory"', "built-in mode"),
        ('name = "own-again"\nstate = "memory"', "A/A"),
        ('name = "own"', 'app = "module:factory" is missing, or the state of a built-in mode'),
        ('name = "own"\nstate = "memry"', "did you mean 'memory'"),
        ('name = "own"\nstate = "memory"\nrouting = "sticky"', "did you mean 'sticky-cookie'"),
        ('name = "own"\nstate = "memory"\nroutng = "round-robin"', "did you mean 'routing'"),
        ('name = "own"\nstate = "memory"\n[traits]\nrevokable = true', "did you mean 'revocable'"),
        ('name = "own"\nstate = "memory"\n[traits]\nrevocable = "yes"', "true or false, not 'yes'"),
        ('name = "own"\nstate = "memory"\ntraits = 1', "[traits]"),
        ('name = "own"\nstate = "redis"\nneeds_store = false', "needs a store"),
        ('name = "own"\nstate = "jwt"\nneeds_store = true', "does not use a store"),
        ('name = "own"\nstate = "jwt"\nneeds_store = "no"', "needs_store must be true or false"),
        ('name = "own"\nstate = "jwt"\ncredential = "beraer"', "did you mean 'bearer'"),
        ('name = "own"\nstate = "jwt"\ncredential = "cookie"', "credential = 'cookie' contradicts state = 'jwt'"),
        ('name = "own"\nstate = "redis"\nsigns = "HS256"', "signs = 'HS256' contradicts state = 'redis'"),
        ('name = "own"\napp = "own_app:create"\nsigns = "none"', "signs takes: HS256"),
        ('name = "own"\napp = "own_app:create"\nsigns = true', "signs must be text"),
        ('name = "own"\napp = "own_app:create"\nafter_logout = 2', "after_logout must be text"),
        ('name = "own"\napp = "own_app"', "module:factory"),
        ('name = "own"\napp = "own_app:create()"', "module:factory"),
        ('name = "own"\napp = "no_such_app:create"', "neither in"),
        ('name = "own"\napp = ["own_app"]', "app must be text"),
        ("name = own", "is not TOML"),
    ],
)
def test_a_mode_file_that_is_wrong_says_so(tmp_path: Path, text: str, says: str) -> None:
    message = _refused(tmp_path, text)
    assert says in message
    assert "own.toml" in message


def test_everything_that_is_wrong_with_a_mode_file_is_told_at_once(tmp_path: Path) -> None:
    message = _refused(
        tmp_path, 'name = "redis"\napp = "nowhere:f"\nrouting = "roundrobin"\nport = 1\n[traits]\nfast = 1'
    )
    for part in ("built-in", "nowhere", "round-robin", "port", "fast"):
        assert part in message


def test_a_path_that_is_no_readable_text_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    for name in ("absent.toml", "binary.toml"):
        with pytest.raises(UsageProblem, match=name):
            mode_from_word(str(tmp_path / name))


def test_a_folder_that_gunicorn_could_not_be_told_of_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "a,b"
    folder.mkdir()
    assert "comma" in _refused(folder, 'name = "own"\napp = "own_app:create"')


def test_run_json_brings_the_mode_back_without_its_file(tmp_path: Path) -> None:
    mode = _read(
        tmp_path, 'name = "own"\napp = "own_app:create"\nneeds_store = true\n[traits]\nany_worker_serves = false'
    )
    store = RunFolder(tmp_path)
    store.write_run(_run_with(_planned(mode)))
    written = (tmp_path / "run.json").read_text()
    assert str(tmp_path) not in written, "no path of the machine"
    (tmp_path / "own.toml").unlink()
    (again,) = (arm.mode for arm in store.read_run().experiments[0].plans[0].arms if arm.label == "own")
    assert (again.name, again.traits, again.routing, again.needs_store, again.note) == (
        mode.name,
        mode.traits,
        mode.routing,
        mode.needs_store,
        mode.note,
    )
    assert again.app is not None
    assert again.app.target == "own_app:create"


@pytest.mark.parametrize("mode", [3, {}, {"traits": {"fast": True}}])
def test_a_damaged_declaration_is_named(mode: object, tmp_path: Path) -> None:
    store = RunFolder(tmp_path)
    store.write_run(_run_with(_planned(_read(tmp_path, 'name = "own"\nstate = "jwt"'))))
    body = json.loads((tmp_path / "run.json").read_text())
    body["experiments"][0]["plans"][0]["arms"][1]["mode"] = mode
    (tmp_path / "run.json").write_text(json.dumps(body))
    with pytest.raises(Damaged, match=r"run\.json.*arms\[1\]\.mode"):
        store.read_run()


@pytest.mark.parametrize("modes", [3, {"own": 3}, {"own": {}}, {"own": {"traits": {"fast": True}}}])
def test_a_damaged_declaration_of_a_run_of_schema_1_is_named(modes: object, tmp_path: Path) -> None:
    store = RunFolder(tmp_path)
    store.write_run(_run_with())
    body = json.loads((tmp_path / "run.json").read_text())
    body |= {"schema": "authlab/run/1", "parameters": {"modes": modes}}
    (tmp_path / "run.json").write_text(json.dumps(body))
    with pytest.raises(Damaged, match=r"run\.json.*parameters\.modes"):
        store.read_run()


def test_predictions_of_an_own_mode_follow_its_traits(tmp_path: Path) -> None:
    lost = _read(tmp_path, 'name = "lost"\nstate = "memory"')
    kept = _read(tmp_path, 'name = "kept"\nstate = "memory"\nrouting = "sticky-cookie"')
    shares = {
        p.mode: p.value
        for p in _planned(lost, kept, workers=4).predictions
        if p.quantity == "auth_failure_share" and p.mode != "none"
    }
    assert shares == {"lost": 0.75, "kept": 0.0}


def _planned(*modes: Mode, workers: int = 3) -> ExperimentResult:
    """The main comparison of these modes, as run.json has it before anything runs."""
    experiment = EXPERIMENTS["three-modes"]
    options = Options(workers=workers, modes=modes)
    return planned(experiment, experiment.plan(options, MachineFacts(1, 1, 0.1)))


def _run_with(*experiments: ExperimentResult) -> Run:
    return Run("r", "finished", (), 1, "", None, "local", {}, {}, {}, experiments)
