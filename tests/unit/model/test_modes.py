"""What a mode declares holds together, and comes back whole from a stored run."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from authlab.model.errors import UnknownName, UsageProblem, nearest
from authlab.model.mode import App, Mode
from authlab.model.modes import MODES, check_containers_hold, mode_named

each_mode = pytest.mark.parametrize("mode", MODES.values(), ids=MODES)


@each_mode
def test_a_built_in_mode_declares_everything(mode: Mode) -> None:
    assert mode.credential != "answer", "that is for what only its answers tell"
    assert mode.look is not None
    assert mode.after_logout != Mode.after_logout
    assert not mode.note.endswith(".")


@each_mode
def test_what_a_mode_declares_agrees_with_itself(mode: Mode) -> None:
    assert (mode.cookie != "") == mode.credential.startswith("cookie")
    assert mode.traits.authenticates == (mode.credential != "header")
    assert mode.signature is None or mode.traits.authenticates
    assert mode.traits.survives_store_loss or mode.needs_store
    assert ("ASVS 7.4.1" in mode.unmet) != mode.traits.revocable, "a log-out ends what it ends"


@each_mode
def test_a_mode_comes_back_whole_from_json(mode: Mode) -> None:
    own = replace(mode, app=App("module:factory"))
    for each in (mode, own):
        assert msgspec.json.decode(msgspec.json.encode(each), type=Mode) == each


def test_a_mode_of_an_older_run_comes_back_without_what_it_did_not_declare() -> None:
    traits = msgspec.to_builtins(MODES["jwt"].traits)
    older = {"name": "m", "state": "s", "routing": "r", "note": "n", "traits": traits}
    mode = msgspec.convert(older, Mode)
    assert (mode.credential, mode.signature, mode.look, mode.unmet) == ("answer", None, None, ())


def test_modes_of_one_state_declare_the_same_of_their_credential() -> None:
    declared = {(mode.state, mode.credential, mode.cookie, mode.signature) for mode in MODES.values()}
    assert len(declared) == len({mode.state for mode in MODES.values()})


@pytest.mark.parametrize(("word", "meant"), [("JWT", "jwt"), ("Sticky", "sticky"), ("JWT_Cookie", "jwt-cookie")])
def test_the_nearest_name_is_found_whatever_the_case(word: str, meant: str) -> None:
    with pytest.raises(UnknownName, match=f"did you mean '{meant}'"):
        mode_named(word)


def test_several_names_in_one_word_are_told_apart_from_a_wrong_name() -> None:
    with pytest.raises(UsageProblem, match="give --mode once per mode"):
        mode_named("sticky,redis")


def test_the_list_of_known_names_has_a_heading_that_can_be_read() -> None:
    assert str(nearest("mode", "x", ["a", "b"])) == "unknown mode 'x'. modes: a, b"
    said = str(nearest("verdict", "worse", ["refuted"], "--fail-on takes"))
    assert said == "unknown verdict 'worse'. --fail-on takes: refuted"


def test_containers_hold_every_mode_without_an_app_of_ones_own() -> None:
    check_containers_hold([*MODES.values(), replace(MODES["redis"], name="mine", routing="sticky-cookie")])
    with pytest.raises(UsageProblem, match="mine: a mode with an app"):
        check_containers_hold([replace(MODES["none"], name="mine", app=App("m:f"))])
