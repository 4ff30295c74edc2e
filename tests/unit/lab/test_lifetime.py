"""How a lab ends: which signals interrupt it."""

from __future__ import annotations

import os
import signal
import sys
import time
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from authlab.lab.lifetime import terminate_as_interrupt

SIGNALS = (signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    before: dict[int, Any] = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_polite_end_is_an_interruption_and_only_within_the_context(number: int) -> None:
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), terminate_as_interrupt():
        os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before


def test_a_lab_under_nohup_outlives_its_terminal() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with terminate_as_interrupt():
        os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


@pytest.mark.parametrize("number", [*SIGNALS, signal.SIGINT])
def test_a_signal_that_falls_into_a_callback_is_not_lost(number: int) -> None:
    class Referred: ...

    referred = Referred()
    fell = []

    def callback(_: object) -> None:
        fell.append(number)
        os.kill(os.getpid(), number)  # Python drops what the handler raises in here.

    reference = weakref.ref(referred, callback)
    with terminate_as_interrupt():
        del referred
        with pytest.raises(KeyboardInterrupt):
            time.sleep(5)
    assert fell == [number]
    assert reference() is None


def test_other_dropped_exceptions_are_still_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    reported = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: reported.append(unraisable.exc_type))
    mine = sys.unraisablehook
    with terminate_as_interrupt():
        referred = type("Referred", (), {})()
        reference = weakref.ref(referred, lambda _: int("no number"))
        del referred
    assert reference() is None
    assert reported == [ValueError]
    assert sys.unraisablehook is mine
