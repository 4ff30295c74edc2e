"""Every fault takes effect, and is undone, in every kind of mode that it claims to fit."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import pytest
from harming import doing
from web_client import Browser

from authlab.faults.asking import answers
from authlab.faults.base import Fault, fits
from authlab.faults.catalogue import FAULTS
from authlab.model.mode import Mode
from authlab.model.modes import MODES
from authlab.stack.local import LocalStacks
from authlab.stack.local_operations import OperableLocalStack
from authlab.stack.secrets import Secrets

StandUp = Callable[..., AbstractContextManager[LocalStacks]]

pytestmark = pytest.mark.stack

_VALUE = 5
"""Where a fault's least value is a negative one (seconds that a clock is ahead) or a fraction (of a millisecond, which
nothing on a busy machine would prove).
"""


def what_it_meets(fault: type[Fault], mode: Mode) -> Hashable:
    """What of a mode a fault has to do with: in modes that are alike in it, it does the same to the same parts."""
    if fault.needs_tokens:
        return mode.signature, mode.credential
    return (mode.needs_store, mode.credential) if fault.on == "store" else mode.routing


def pairs() -> dict[str, tuple[Mode, type[Fault]]]:
    """Each fault in the first mode of each kind that it fits, mode by mode."""
    found: dict[tuple[str, Hashable], str] = {}
    for mode in MODES.values():
        for fault in FAULTS.values():
            if fits(fault, mode):
                found.setdefault((fault.kind, what_it_meets(fault, mode)), mode.name)
    return {f"{name}-{kind}": (MODES[name], FAULTS[kind]) for (kind, _), name in found.items()}


def written(fault: type[Fault]) -> str:
    """A small fault of this kind, as it is written on the command line."""
    least = 0.0 if fault.unit is None else fault.unit.least
    value = "" if fault.unit is None else f"={least if least == 0 or least >= 1 else _VALUE:g}"
    return f"{fault.kind}{value}@0s{'+0.2s' if fault.lasts == 'required' else ''}"


@dataclass(frozen=True)
class Harmed:
    """A stack, and its own secrets, which faults may change."""

    stack: OperableLocalStack
    secrets: Secrets


@pytest.fixture(scope="module")
def harmed(
    request: pytest.FixtureRequest, stand_up: StandUp, secrets: Secrets, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Harmed]:
    """Two workers of the mode, up for all of its faults."""
    mode: Mode = request.param
    folder = tmp_path_factory.mktemp("own") / "secrets"
    shutil.copytree(secrets.folder, folder)
    folder.chmod(0o700)
    own = replace(secrets, folder=folder)
    with stand_up(mode.name, workers=2, secrets=own, linked=mode.needs_store) as stacks:
        yield Harmed(stacks.stacks[mode.name], own)


def _leave_something_in_the_store(url: str, secrets: Secrets) -> None:
    """A log-in, and a log-out: the store holds sessions in one mode, and what was ended in another."""
    staying, leaving = Browser(url), Browser(url)
    staying.log_in(secrets)
    leaving.log_in(secrets)
    leaving.post("/logout", {})


@pytest.mark.parametrize(("harmed", "fault"), pairs().values(), ids=pairs(), indirect=["harmed"])
def test_every_fault_that_fits_a_mode_takes_effect_in_it_and_is_undone(harmed: Harmed, fault: type[Fault]) -> None:
    stack, own = harmed.stack, harmed.secrets
    _leave_something_in_the_store(stack.url, own)
    with doing(stack, own, written(fault)) as harm:
        harm.over()
    assert all(answers(worker.url, 5.0) for worker in stack.workers)
    assert Browser(stack.url).log_in(own).status == 200
    assert stack.troubles() == []


def test_no_fault_and_no_mode_is_left_out() -> None:
    kept = pairs().values()
    assert {fault.kind for _, fault in kept} == set(FAULTS)
    for mode in MODES.values():
        for fault in FAULTS.values():
            if fits(fault, mode):
                alike = [m for m, f in kept if f is fault and what_it_meets(f, m) == what_it_meets(fault, mode)]
                assert len(alike) == 1, (fault.kind, mode.name)
