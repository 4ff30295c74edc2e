"""Every fault takes effect, and is undone, in every mode that it claims to fit."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from harming import doing
from web_client import Browser

from authlab.faults.asking import answers
from authlab.faults.base import Fault, fits
from authlab.faults.catalogue import FAULTS
from authlab.model.mode import Mode
from authlab.model.modes import MODES
from authlab.stack.local import LocalStacks
from authlab.stack.secrets import Secrets

StandUp = Callable[..., AbstractContextManager[LocalStacks]]

pytestmark = pytest.mark.stack

_VALUE = 5
"""Where a fault's least value is a negative one: seconds that a clock is ahead."""


def written(fault: type[Fault]) -> str:
    """The smallest such fault, as it is written on the command line."""
    value = "" if fault.unit is None else f"={fault.unit.least if fault.unit.least >= 0 else _VALUE:g}"
    return f"{fault.kind}{value}@0s{'+0.2s' if fault.lasts == 'required' else ''}"


def _leave_something_in_the_store(url: str, secrets: Secrets) -> None:
    """A log-in, and a log-out: the store holds sessions in one mode, and what was ended in another."""
    staying, leaving = Browser(url), Browser(url)
    staying.log_in(secrets)
    leaving.log_in(secrets)
    leaving.post("/logout", {})


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
def test_every_fault_that_fits_a_mode_takes_effect_in_it_and_is_undone(
    mode: Mode, stand_up: StandUp, own: Secrets
) -> None:
    with stand_up(mode.name, workers=2, secrets=own, linked=mode.needs_store) as stacks:
        stack = stacks.stacks[mode.name]
        for fault in FAULTS.values():
            if fits(fault, mode):
                _leave_something_in_the_store(stack.url, own)
                with doing(stack, own, written(fault)) as harm:
                    harm.over()
        assert all(answers(worker.url, 5.0) for worker in stack.workers)
        assert Browser(stack.url).log_in(own).status == 200
        assert stack.troubles() == []
