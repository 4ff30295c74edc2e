"""Reads of several stores timed by turns."""

from __future__ import annotations

import pytest

from authlab.lab import probing
from authlab.lab.probing import in_numbers, probe_stores
from authlab.model.errors import LabError
from authlab.model.session_store import StoreProbe


class Store:
    """A stack whose store can be probed; it fails after `good` probes."""

    def __init__(self, name: str, turns: list[str], good: int = 1000) -> None:
        self._name, self._turns, self._good = name, turns, good

    def probe_store(self, calls: int) -> StoreProbe:
        self._turns.append(self._name)
        self._good -= 1
        if self._good < 0:
            raise LabError("it is away.")
        return StoreProbe((100.0,) * calls, 130 * calls)


def test_the_arms_take_turns_and_none_is_always_first() -> None:
    turns: list[str] = []
    notes: list[str] = []
    found = probe_stores({"a": Store("a", turns), "b": Store("b", turns)}, notes.append)
    assert turns[:6] == ["a", "b", "b", "a", "a", "b"]
    assert {label: len(probes) for label, probes in found.items()} == {"a": probing.TURNS, "b": probing.TURNS}
    assert all(len(probe.calls_us) == probing.CALLS for probes in found.values() for probe in probes)
    assert notes == []


def test_one_that_fails_is_told_and_left_out_and_the_others_go_on() -> None:
    turns: list[str] = []
    notes: list[str] = []
    found = probe_stores({"a": Store("a", turns, good=2), "b": Store("b", turns)}, notes.append)
    assert list(found) == ["b"]
    assert len(found["b"]) == probing.TURNS
    assert turns.count("a") == 3
    assert notes == ["a: the cost of reading a session was not measured: it is away."]


def test_no_turn_begins_when_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "WITHIN_S", -1.0)
    assert probe_stores({"a": Store("a", [])}, lambda _: None) == {"a": ()}


def test_what_is_told_pools_the_calls() -> None:
    probes = (StoreProbe((100.0, 200.0), 264), StoreProbe((300.0,), 132))
    assert in_numbers(probes) == {"calls": 3, "getex_us": 200.0, "aof_bytes_per_getex": 132.0}
    assert in_numbers((StoreProbe((100.0,), None),)) == {"calls": 1, "getex_us": 100.0, "aof_bytes_per_getex": None}
