"""Each kind of fault: what it fits, what it costs, what it says, does, proves and undoes. On stacks made by hand."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from services.clock import offsets_of
from services.documents import Unusable
from services.keyring import keyring_of
from services.settings import STORE_TIMEOUT_S

from authlab.experiments.options import Options
from authlab.experiments.planning import loaded, steady
from authlab.faults.base import Fault, fits
from authlab.faults.catalogue import FAULTS
from authlab.faults.rotate_key import ring
from authlab.model.errors import LabError, UsageProblem
from authlab.model.faults import PlannedFault
from authlab.model.mode import Mode, Signature, Traits
from authlab.model.modes import MODES
from authlab.model.session_store import TIMEOUT_S
from authlab.stack.secrets import make_secrets, new_key
from tests.unit.faults.made_stacks import MadeLink, MadeStack, order

_STORED = {name for name, mode in MODES.items() if mode.needs_store}
_SIGNED = {name for name, mode in MODES.items() if mode.signature}
_OWN_CLOCK = {name for name, mode in MODES.items() if mode.signature and mode.signature.own_clock}
_ALL = set(MODES)

_TABLE: dict[str, tuple[set[str], str, str]] = {
    "crash-worker": (_ALL, "workers", "worker"),
    "stop-worker": (_ALL, "workers", "worker"),
    "pause-worker": (_ALL, "workers", "worker"),
    "rolling-restart": (_ALL, "workers", "stack"),
    "drain-worker": (_ALL, "workers", "worker"),
    "scale-out": (_ALL, "workers", "stack"),
    "scale-in": (_ALL, "workers", "stack"),
    "stop-redis": (_STORED, "store", "store"),
    "kill-redis": (_STORED, "store", "store"),
    "redis-latency": (_STORED, "nothing", "store"),
    "redis-stall": (_STORED, "nothing", "store"),
    "redis-cut": (_STORED, "nothing", "store"),
    "flush-store": (_STORED, "store", "store"),
    "swap-key": (_SIGNED, "tokens", "stack"),
    "swap-key-rolling": (_SIGNED, "tokens", "stack"),
    "overlap-key": (_SIGNED, "tokens", "stack"),
    "compromise-key": (_SIGNED, "tokens", "stack"),
    "clock-skew": (_OWN_CLOCK, "tokens", "worker"),
}


def test_the_table_has_every_fault() -> None:
    assert list(_TABLE) == list(FAULTS)


@pytest.mark.parametrize("kind", FAULTS)
def test_it_fits_the_modes_that_have_what_it_is_done_to(kind: str) -> None:
    modes, loses, on = _TABLE[kind]
    assert {name for name, mode in MODES.items() if fits(FAULTS[kind], mode)} == modes
    assert (FAULTS[kind].loses, FAULTS[kind].on) == (loses, on)


def test_a_mode_of_the_users_own_is_fitted_by_what_it_has() -> None:
    own = Mode("mine", "jwt_list", "round-robin", Traits(True, True, True, True, True), "", needs_store=True)
    assert fits(FAULTS["flush-store"], own)
    assert not fits(FAULTS["swap-key"], own), "it declares no signature, whatever its state is called"
    assert fits(FAULTS["swap-key"], replace(own, signature=Signature("HS256")))
    assert fits(FAULTS["clock-skew"], replace(own, signature=Signature("HS256")))
    assert not fits(FAULTS["clock-skew"], replace(own, signature=Signature("HS256", own_clock=False)))


@pytest.mark.parametrize("kind", FAULTS)
def test_it_says_what_it_will_do_in_one_sentence(kind: str) -> None:
    fault = FAULTS[kind]()
    value = fault.unit.default or 7.0 if fault.unit else 0.0
    said = fault.sentence(order(kind, value=value, for_s=2.5))
    assert said
    assert not said[0].isupper(), "it stands behind its moment"
    assert not said.endswith(".")
    assert "\n" not in said
    if fault.on == "worker":
        assert "worker-2" in said
    if fault.lasts == "required":
        assert "2.5 s" in said
    if fault.unit:
        assert f"{value:g}" in said
    assert fault.summary
    assert ("VALUE" in fault.summary) == (fault.unit is not None)


def test_a_clock_is_ahead_or_behind() -> None:
    fault = FAULTS["clock-skew"]()
    assert "3 s ahead" in fault.sentence(order("clock-skew", value=3.0, for_s=9.0))
    assert "3 s behind" in fault.sentence(order("clock-skew", value=-3.0, for_s=9.0))


def test_one_worker_is_no_workers() -> None:
    fault = FAULTS["scale-out"]()
    assert fault.sentence(order("scale-out", value=1.0)) == "1 more worker is started, and added to the proxy"
    assert fault.sentence(order("scale-out", value=2.0)) == "2 more workers are started, and added to the proxy"


def test_a_kill_is_no_stop() -> None:
    assert "stopped gracefully" in FAULTS["stop-redis"]().sentence(order("stop-redis", for_s=1.0))
    assert "killed by SIGKILL" in FAULTS["kill-redis"]().sentence(order("kill-redis", for_s=1.0))


# --- what it does and undoes ---


def _done(kind: str, stack: MadeStack, **how: Any) -> tuple[str, str]:
    """Proof of the beginning and of the end."""
    fault: Fault = FAULTS[kind]()
    told = order(kind, **how)
    return fault.begin(stack, told), fault.end(stack, told)


@pytest.mark.parametrize(
    ("kind", "steps", "proof"),
    [
        ("crash-worker", [("crash", "worker-2"), ("wait_serving", "worker-2")], "pid 4711 was gone after 12 ms"),
        ("stop-worker", [("stop", "worker-2"), ("start_again", "worker-2")], "pid 4711 had ended after 0.50 s"),
        ("stop-redis", [("stop", "store"), ("start_again", "store")], "pid 4711 was gone after 500 ms"),
        ("kill-redis", [("kill", "store"), ("start_again", "store")], "pid 4711 was gone after 500 ms"),
        ("flush-store", ["flush_store"], "7 keys were removed"),
    ],
)
def test_it_is_done_proven_and_undone(kind: str, steps: list[object], proof: str) -> None:
    stack = MadeStack()
    begun, _ = _done(kind, stack, for_s=1.0)
    assert stack.done == steps
    assert begun == proof


def test_an_empty_store_that_is_flushed_proves_nothing() -> None:
    assert _done("flush-store", MadeStack(keys=0)) == ("", "")


def test_a_rolling_restart_ends_and_starts_one_worker_after_the_other() -> None:
    stack = MadeStack()
    begun, _ = _done("rolling-restart", stack, target="workers", value=0.0)
    names = ("worker-1", "worker-2", "worker-3")
    assert stack.done == [(step, name) for name in names for step in ("stop", "start_again")]
    assert all(name in begun for name in names)


@pytest.mark.parametrize(("still", "proof"), [(True, "pid 4711 was frozen: no answer"), (False, "")])
def test_a_pause_is_proven_by_silence_and_goes_on_at_the_end(
    still: bool, proof: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("authlab.faults.pause_worker.answers", lambda url, within_s: not still)
    stack = MadeStack()
    begun, ended = _done("pause-worker", stack, for_s=1.0)
    assert begun.startswith(proof)
    assert bool(begun) == still
    assert ended == "it answers again"
    assert stack.done == [("pause", "worker-2"), ("resume", "worker-2"), ("wait_serving", "worker-2")]


@pytest.mark.parametrize(("served", "proven"), [("worker-1", True), ("worker-2", False), ("", False)])
def test_a_drain_is_proven_by_new_clients_that_go_elsewhere(
    served: str, proven: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("authlab.faults.drain_worker.served_by", lambda url: served)
    stack = MadeStack()
    begun, _ = _done("drain-worker", stack, for_s=1.0)
    assert begun == ("none of 12 new clients was sent to worker-2" if proven else "")
    assert stack.done == [
        ("drain", "worker-2"),
        ("stop", "worker-2"),
        ("start_again", "worker-2"),
        ("undrain", "worker-2"),
    ]


def test_one_new_client_without_an_answer_leaves_a_drain_unproven(monkeypatch: pytest.MonkeyPatch) -> None:
    served = iter(["worker-1"] * 11 + [""])
    monkeypatch.setattr("authlab.faults.drain_worker.served_by", lambda url: next(served))
    assert _done("drain-worker", MadeStack(), for_s=1.0)[0] == ""
    assert list(served) == [], "all twelve have asked"


def test_a_drained_worker_is_chosen_again_even_if_its_restart_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(MadeStack):
        """Never starts anything again."""

        def start_again(self, part: str, within_s: float = 30.0) -> None:  # noqa: ARG002
            """Fails."""
            raise LabError("it does not serve")

    stack = Broken()
    with pytest.raises(LabError, match="does not serve"):
        FAULTS["drain-worker"]().end(stack, order("drain-worker", for_s=1.0))
    assert stack.done[-1] == ("undrain", "worker-2")


def test_scaling_is_proven_by_those_that_came_or_went(monkeypatch: pytest.MonkeyPatch) -> None:
    serving: set[str] = set()
    monkeypatch.setattr("authlab.faults.scaling.answers", lambda url, within_s: url in serving)
    stack = MadeStack()
    serving |= {"http://127.0.0.1:4", "http://127.0.0.1:5"}
    assert _done("scale-out", stack, target="workers", value=2.0)[0] == (
        "worker-4, worker-5 serve beside worker-1, worker-2, worker-3"
    )
    serving.clear()
    assert _done("scale-in", stack, target="workers", value=2.0)[0] == "worker-4, worker-5 no longer answer"
    assert stack.done == [("scale", 5), ("scale", 3)]
    assert _done("scale-out", stack, target="workers", value=1.0)[0] == "", "the new one does not answer"
    serving.add("http://127.0.0.1:4")
    assert _done("scale-in", stack, target="workers", value=1.0)[0] == "", "the old one still does"


def test_one_worker_must_stay() -> None:
    stack = MadeStack(2)
    with pytest.raises(UsageProblem, match="would leave 0 of 2 workers"):
        _done("scale-in", stack, target="workers", value=2.0)
    assert stack.done == []


def test_a_delay_is_proven_by_what_a_ping_takes_and_taken_out() -> None:
    link = MadeLink()
    begun, ended = _done("redis-latency", MadeStack(link=link), value=5.0, for_s=1.0)
    assert begun == "a PING to the store took 0.25 ms, and 5.25 ms with the delay"
    assert ended == "a PING took 0.25 ms again"
    assert link.done == [("delay", 5.0), ("delay", 0)]


@pytest.mark.parametrize(("value", "factor", "proven"), [(0.5, 3.9, True), (0.5, 4.1, False), (10.0, 2.2, False)])
def test_a_delay_may_be_twice_the_value_and_a_millisecond_of_noise(value: float, factor: float, proven: bool) -> None:
    assert bool(_done("redis-latency", MadeStack(link=MadeLink(factor)), value=value, for_s=1.0)[0]) == proven


@pytest.mark.parametrize("factor", [0.0, 0.4, 3.0])
def test_a_delay_that_is_not_the_one_that_was_asked_for_proves_nothing(factor: float) -> None:
    link = MadeLink(factor)
    assert _done("redis-latency", MadeStack(link=link), value=5.0, for_s=1.0)[0] == ""
    assert link.delayed_ms == 0


@pytest.mark.parametrize(("kind", "word"), [("redis-stall", "stall"), ("redis-cut", "cut")])
def test_a_link_that_passes_nothing_is_proven_by_its_silence(kind: str, word: str) -> None:
    link = MadeLink()
    begun, ended = _done(kind, MadeStack(link=link), for_s=1.0)
    assert begun == "a PING through the link took 0.25 ms, then: no answer within 200 ms"
    assert ended == "a PING took 0.25 ms again"
    assert link.done == [(word, True), (word, False)]


@pytest.mark.parametrize("kind", ["redis-stall", "redis-cut"])
def test_a_store_that_was_silent_before_proves_nothing(kind: str) -> None:
    link = MadeLink()
    link.silent = True
    with pytest.raises(LabError, match="no answer"):
        FAULTS[kind]().begin(MadeStack(link=link), order(kind, for_s=1.0))
    assert link.done == [], "nothing was closed"


@pytest.mark.parametrize("kind", ["redis-latency", "redis-stall", "redis-cut"])
def test_without_a_link_it_says_so(kind: str) -> None:
    with pytest.raises(LabError, match="no link in front of the store"):
        _done(kind, MadeStack(link=None), value=5.0, for_s=1.0)


# --- keys and clocks, as the service reads them ---


def test_key_rings_are_what_the_service_accepts() -> None:
    old, new = new_key("HS256"), new_key("HS256")
    alone = keyring_of(json.loads(json.dumps(ring(new))))
    assert (alone.active.kid, set(alone.keys)) == (new["kid"], {new["kid"]})
    both = keyring_of(json.loads(json.dumps(ring(old, new))))
    assert (both.active.kid, set(both.keys)) == (old["kid"], {old["kid"], new["kid"]})


def test_every_key_is_another() -> None:
    keys = [new_key("HS256") for _ in range(50)]
    assert len({key["kid"] for key in keys}) == len({key["k"] for key in keys}) == 50


def test_a_ring_of_one_key_twice_is_not_accepted() -> None:
    key = new_key("HS256")
    with pytest.raises(Unusable, match="occurs twice"):
        keyring_of(ring(key, key))


Rotated = Callable[..., tuple[MadeStack, str, str]]


@pytest.fixture
def rotated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rotated:
    """Carry a rotation out on workers that sign with what they were given: the stack, the proof, the old kid.

    With `deaf` they go on signing with the old key. A `stack` may have had a rotation before.
    """
    secrets = make_secrets(tmp_path / "secrets", 1)
    document = json.loads((secrets.folder / "jwt.json").read_bytes())

    def rotate(
        kind: str, *, deaf: bool = False, value: float = 0.0, stack: MadeStack | None = None
    ) -> tuple[MadeStack, str, str]:
        stack = stack or MadeStack()

        def token_parts(url: str, _secrets: object, _mode: object) -> tuple[dict[str, Any], dict[str, Any]]:
            worker = f"worker-{url.rsplit(':', 1)[1]}"
            given = stack.given.get(f"jwt.{worker}.json") or stack.given.get("jwt.json")
            return {"kid": document["active"] if deaf or given is None else given["active"]}, {}

        monkeypatch.setattr("authlab.faults.rotate_key.token_parts", token_parts)
        told = replace(order(kind, target="workers", value=value), secrets=secrets)
        return stack, FAULTS[kind]().begin(stack, told), document["active"]

    return rotate


_KEY_FAULTS = ("swap-key", "swap-key-rolling", "overlap-key", "compromise-key")


@pytest.mark.parametrize("kind", _KEY_FAULTS)
def test_a_rotation_is_proven_by_what_every_worker_signs_with(kind: str, rotated: Rotated) -> None:
    stack, proof, old = rotated(kind)
    assert f"then all 3 workers signed with key {new_kid(stack)}, not {old}" in proof
    assert proof.startswith("pid 4711 of worker-1 ended")


def new_kid(stack: MadeStack) -> str:
    """The key that signs in the end."""
    (kid,) = {str(content["active"]) for content in stack.given.values()}
    return kid


@pytest.mark.parametrize("kind", _KEY_FAULTS)
def test_workers_that_go_on_signing_with_the_old_key_prove_nothing(kind: str, rotated: Rotated) -> None:
    assert rotated(kind, deaf=True)[1] == ""


@pytest.mark.parametrize("kind", _KEY_FAULTS)
def test_in_the_end_the_old_key_is_known_no_more(kind: str, rotated: Rotated) -> None:
    stack, _, old = rotated(kind)
    for content in stack.given.values():
        assert set(keyring_of(content).keys) == {new_kid(stack)}
        assert old not in keyring_of(content).keys


@pytest.mark.parametrize("kind", _KEY_FAULTS)
def test_a_worker_that_is_added_later_knows_the_new_key_alone(kind: str, rotated: Rotated) -> None:
    stack, _, _ = rotated(kind)
    assert set(keyring_of(stack.given["jwt.json"]).keys) == {new_kid(stack)}


@pytest.mark.parametrize("second", _KEY_FAULTS)
@pytest.mark.parametrize("first", ["swap-key-rolling", "overlap-key"])
def test_a_second_rotation_takes_effect_where_workers_have_files_of_their_own(
    first: str, second: str, rotated: Rotated
) -> None:
    stack, _, _ = rotated(first)
    before = new_kid(stack)
    _, proof, _ = rotated(second, stack=stack)
    assert new_kid(stack) != before
    assert f"signed with key {new_kid(stack)}" in proof


def test_a_stolen_key_stops_by_sigkill_and_a_swapped_one_in_good_order(rotated: Rotated) -> None:
    steps = {step[0] for step in rotated("compromise-key")[0].done}
    assert steps == {"give", "kill", "start_again"}
    assert {step[0] for step in rotated("swap-key")[0].done} == {"give", "stop", "start_again"}


def test_a_rolling_swap_gives_each_worker_the_new_key_just_before_its_restart(rotated: Rotated) -> None:
    stack, _, _ = rotated("swap-key-rolling")
    assert stack.done == [
        step
        for name in ("worker-1", "worker-2", "worker-3")
        for step in (("give", f"jwt.{name}.json"), ("stop", name), ("start_again", name))
    ] + [("give", "jwt.json")]


def test_an_overlap_lets_all_workers_know_both_keys_before_one_signs_with_the_new(
    rotated: Rotated, monkeypatch: pytest.MonkeyPatch
) -> None:
    rings: list[tuple[str, str, int]] = []
    give = MadeStack.give

    def noted(stack: MadeStack, name: str, content: Any) -> None:
        rings.append((name, content["active"], len(content["keys"])))
        give(stack, name, content)

    monkeypatch.setattr(MadeStack, "give", noted)
    stack, _, old = rotated("overlap-key")
    new = new_kid(stack)
    names = [*(f"jwt.worker-{n}.json" for n in (1, 2, 3)), "jwt.json"]
    assert rings == [(name, kid, keys) for kid, keys in ((old, 2), (new, 2), (new, 1)) for name in names]


@pytest.mark.parametrize(
    ("value", "seen_s", "proven"),
    [
        (3.0, 3.0, True),
        (3.0, 2.05, True),
        (3.0, 1.7, False),
        (3.0, 3.3, False),
        # as a worker issues whose clock is right
        (1.5, 0.0, False),
        (1.0, 0.0, False),
        (-1.0, -0.9, False),
        (0.0, 0.0, False),
        (-1.5, -0.99, False),
        # the least that can be told from it
        (1.5, 0.6, True),
        (1.5, 1.5, True),
        (-1.5, -1.6, True),
        (-1.5, -2.4, True),
    ],
)
def test_a_token_proves_a_clock_that_no_right_one_could_have_issued(
    value: float, seen_s: float, proven: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("authlab.faults.clock_skew.time.time", lambda: 1_000_000.25)
    monkeypatch.setattr(
        "authlab.faults.clock_skew.token_parts", lambda url, secrets, mode: ({}, {"iat": 1_000_000.25 + seen_s})
    )
    assert bool(FAULTS["clock-skew"]().begin(MadeStack(), order("clock-skew", value=value, for_s=9.0))) == proven


def test_a_slow_answer_widens_what_a_right_clock_may_have_issued(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([100.0, 102.0])
    monkeypatch.setattr("authlab.faults.clock_skew.time.time", lambda: next(now))
    monkeypatch.setattr("authlab.faults.clock_skew.token_parts", lambda url, secrets, mode: ({}, {"iat": 101.0}))
    assert FAULTS["clock-skew"]().begin(MadeStack(), order("clock-skew", value=2.0, for_s=9.0)) == ""


@pytest.mark.parametrize(("seen_s", "proven"), [(-5.0, True), (-5.9, True), (0.0, False), (5.0, False)])
def test_a_clock_is_proven_by_the_token_that_it_issues(
    seen_s: float, proven: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "authlab.faults.clock_skew.token_parts", lambda url, secrets, mode: ({}, {"iat": time.time() + seen_s})
    )
    stack = MadeStack()
    fault = FAULTS["clock-skew"]()
    told = order("clock-skew", value=-5.0, for_s=9.0)
    proof = fault.begin(stack, told)
    assert bool(proof) == proven
    assert stack.given["clock.json"] == {"worker-2": -5.0}
    assert offsets_of(json.loads(json.dumps(stack.given["clock.json"]))) == {"worker-2": -5.0}
    fault.end(stack, told)
    assert offsets_of(stack.given["clock.json"]) == {}
    restart = [("give", "clock.json"), ("stop", "worker-2"), ("start_again", "worker-2")]
    assert stack.done == restart * 2, "set, and set right again"


# --- where a slow store becomes one that is away ---


def test_the_lab_knows_the_services_own_time_limit_for_the_store() -> None:
    assert TIMEOUT_S == STORE_TIMEOUT_S


@pytest.mark.parametrize(
    ("value", "limit_s", "away"), [(199.0, 0.2, False), (200.0, 0.2, True), (250.0, 0.2, True), (250.0, 0.5, False)]
)
def test_a_delay_beyond_the_workers_limit_is_announced_and_its_proof_says_that_the_store_is_away(
    value: float, limit_s: float, away: bool
) -> None:
    planned = PlannedFault("redis-latency", 1.0, 2.0, value)
    fault = FAULTS["redis-latency"]
    assert ("--store-timeout" in fault.caution(planned, limit_s)) == away
    made = replace(order("redis-latency", for_s=2.0, value=value), store_timeout_s=limit_s)
    for said in (fault().sentence(made), fault().begin(MadeStack(link=MadeLink()), made)):
        assert ("is away" in said) == away


@pytest.mark.parametrize("mode", MODES)
def test_the_time_limit_reaches_the_workers_that_ask_a_store(mode: str) -> None:
    options = Options(modes=(MODES[mode],), store_timeout_s=0.5)
    expected = {"AUTHLAB_STORE_TIMEOUT_S": "0.5"} if MODES[mode].needs_store else {}
    assert steady(options, MODES[mode]).settings == expected
    assert loaded(options, mode, mode).settings == expected
    assert loaded(options, mode, mode, settings={"A": "b"}).settings == expected | {"A": "b"}
    assert loaded(Options(), mode, mode).settings == {}
