"""The key that signs tokens changes: four strategies, one of which is right."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from authlab.faults.asking import token_parts, url_of
from authlab.faults.base import Fault, Order, ValueUnit
from authlab.faults.restarting import Restarted, names, proof_of, restart, restart_all
from authlab.model.errors import LabError
from authlab.stack.capabilities import Giving, Stopping
from authlab.stack.secrets import new_key

Key = Mapping[str, str]


@dataclass(frozen=True)
class KeyFile:
    """The file in which the workers find their keys: its name is the common one's."""

    name: str

    def of(self, worker: str) -> str:
        """The file of one worker's keys alone, which comes before the common one."""
        stem, _, suffix = self.name.rpartition(".")
        return f"{stem}.{worker}.{suffix}"


def ring(active: Key, *others: Key) -> dict[str, Any]:
    """A key file: `active` signs, all of the keys verify."""
    return {"active": active["kid"], "keys": [dict(active), *map(dict, others)]}


class KeyFault(Fault):
    """What the four share: the old key, a new one, and the proof that every worker signs with the new one."""

    on = "stack"
    needs = (Giving, Stopping)
    needs_tokens = True
    once_a_run = True  # a container's keys can't be read from here: a second fault would use the wrong old key
    loses = "tokens"

    def begin(self, stack: Any, order: Order) -> str:
        signature = stack.mode.signature
        if signature is None:
            raise LabError(f"no worker of {stack.mode.name} signs anything")
        file = KeyFile(signature.keys)
        document = json.loads((order.secrets.folder / file.name).read_bytes())
        old = next(key for key in document["keys"] if key["kid"] == document["active"])
        new = new_key(signature.algorithm)
        done = self.rotate(stack, old, new, order, file)
        signing = [token_parts(url_of(stack, name), order.secrets, stack.mode)[0]["kid"] for name in names(stack)]
        if any(kid != new["kid"] for kid in signing):
            return ""
        return f"{proof_of(done)}; then all {len(signing)} workers signed with key {new['kid']}, not {old['kid']}"

    @abstractmethod
    def rotate(self, stack: Any, old: Key, new: Key, order: Order, file: KeyFile) -> list[Restarted]:
        """Make every worker sign with `new`."""


class SwapKey(KeyFault):
    """Naive: the new key replaces the old one everywhere at once."""

    kind = "swap-key"
    summary = "naive key rotation: the new key replaces the old one on all workers at once"

    def sentence(self, order: Order) -> str:  # noqa: ARG002
        return "all workers are restarted at once with a new signing key; the old one is no longer accepted"

    def rotate(self, stack: Any, old: Key, new: Key, order: Order, file: KeyFile) -> list[Restarted]:  # noqa: ARG002
        _give_all(stack, file, ring(new))
        return restart_all(stack, order)


class CompromiseKey(KeyFault):
    """A thief has the old key: it must stop working at once, whatever that breaks."""

    kind = "compromise-key"
    summary = "the old key is stolen: SIGKILL and restart all workers with a new key at once"

    def sentence(self, order: Order) -> str:  # noqa: ARG002
        return "all workers are killed and started with a new signing key, so that the stolen one stops working at once"

    def rotate(self, stack: Any, old: Key, new: Key, order: Order, file: KeyFile) -> list[Restarted]:  # noqa: ARG002
        _give_all(stack, file, ring(new))
        return restart_all(stack, order, kill=True)


class SwapKeyRolling(KeyFault):
    """Naive, one worker after the other: in between, some know only the old key and some only the new one."""

    kind = "swap-key-rolling"
    summary = "naive key rotation, one worker after the other, VALUE seconds apart"
    unit = ValueUnit("s", 1.0, 0.0, 600.0)

    def sentence(self, order: Order) -> str:
        return f"one worker after the other is restarted and knows only the new signing key, {order.value:g} s apart"

    def rotate(self, stack: Any, old: Key, new: Key, order: Order, file: KeyFile) -> list[Restarted]:  # noqa: ARG002
        return _roll(stack, order, file, ring(new), order.value)


class OverlapKey(KeyFault):
    """Verify first: all workers learn the new key, then sign with it, then forget the old one after VALUE seconds."""

    kind = "overlap-key"
    summary = "key rotation with overlap: learn, sign, and VALUE seconds later forget"
    unit = ValueUnit("s", None, 0.0, 86_400.0)

    def sentence(self, order: Order) -> str:
        return (
            "one worker after the other learns a new key; then all sign with it; "
            f"{order.value:g} s after that they forget the old one"
        )

    def rotate(self, stack: Any, old: Key, new: Key, order: Order, file: KeyFile) -> list[Restarted]:
        done = _roll(stack, order, file, ring(old, new), 0.0)
        done += _roll(stack, order, file, ring(new, old), 0.0)
        order.course.wait(order.value)
        return done + _roll(stack, order, file, ring(new), 0.0)


def _give_all(stack: Any, file: KeyFile, document: Mapping[str, Any]) -> None:
    """Make every worker find `document` at its next start, even if an earlier rotation gave it a file of its own."""
    for worker in names(stack):
        stack.give(file.of(worker), document)
    stack.give(file.name, document)  # for workers that are added later


def _roll(stack: Any, order: Order, file: KeyFile, document: Mapping[str, Any], apart_s: float) -> list[Restarted]:
    """Restart every worker with `document`, one after the other. A worker's own file has precedence over the common
    one.

    When all have it, the common file follows, so that a worker that is added later knows the same keys.
    """
    done: list[Restarted] = []
    workers: Sequence[str] = names(stack)
    for worker in workers:
        if done:
            order.course.wait(apart_s)
        stack.give(file.of(worker), document)
        done.append(restart(stack, order, worker))
    stack.give(file.name, document)
    return done


KINDS: Final = (SwapKey, SwapKeyRolling, OverlapKey, CompromiseKey)
