"""The key that signs tokens changes: four strategies, one of which is right."""

from __future__ import annotations

import base64
import json
import secrets
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from authlab.faults.asking import token_parts, url_of
from authlab.faults.base import Fault, Order, ValueUnit
from authlab.faults.restarting import Restarted, names, proof_of, restart, restart_all
from authlab.stack.capabilities import Giving, Stopping

_FILE = "jwt.json"
_KEY_BYTES = 32  # RFC 7518, 3.2, as compose/keys/keys.py
Key = Mapping[str, str]


def new_key() -> dict[str, str]:
    """A fresh HS256 key with a `kid` of its own."""
    text = base64.urlsafe_b64encode(secrets.token_bytes(_KEY_BYTES)).rstrip(b"=").decode()
    return {"kid": secrets.token_hex(4), "alg": "HS256", "k": text}


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
        document = json.loads((order.secrets.folder / _FILE).read_bytes())
        old = next(key for key in document["keys"] if key["kid"] == document["active"])
        new = new_key()
        done = self.rotate(stack, old, new, order)
        signing = [token_parts(url_of(stack, worker), order.secrets)[0]["kid"] for worker in names(stack)]
        if any(kid != new["kid"] for kid in signing):
            return ""
        return f"{proof_of(done)}; then all {len(signing)} workers signed with key {new['kid']}, not {old['kid']}"

    @abstractmethod
    def rotate(self, stack: Any, old: Key, new: Key, order: Order) -> list[Restarted]:
        """Make every worker sign with `new`."""


class SwapKey(KeyFault):
    """Naive: the new key replaces the old one everywhere at once."""

    kind = "swap-key"
    summary = "naive key rotation: the new key replaces the old one on all workers at once"

    def sentence(self, order: Order) -> str:  # noqa: ARG002
        return "all workers are restarted at once with a new signing key; the old one is no longer accepted"

    def rotate(self, stack: Any, old: Key, new: Key, order: Order) -> list[Restarted]:  # noqa: ARG002
        _give_all(stack, ring(new))
        return restart_all(stack, order)


class CompromiseKey(KeyFault):
    """A thief has the old key: it must stop working at once, whatever that breaks."""

    kind = "compromise-key"
    summary = "the old key is stolen: SIGKILL and restart all workers with a new key at once"

    def sentence(self, order: Order) -> str:  # noqa: ARG002
        return "all workers are killed and started with a new signing key, so that the stolen one stops working at once"

    def rotate(self, stack: Any, old: Key, new: Key, order: Order) -> list[Restarted]:  # noqa: ARG002
        _give_all(stack, ring(new))
        return restart_all(stack, order, kill=True)


class SwapKeyRolling(KeyFault):
    """Naive, one worker after the other: in between, some know only the old key and some only the new one."""

    kind = "swap-key-rolling"
    summary = "naive key rotation, one worker after the other, VALUE seconds apart"
    unit = ValueUnit("s", 1.0, 0.0, 600.0)

    def sentence(self, order: Order) -> str:
        return f"one worker after the other is restarted and knows only the new signing key, {order.value:g} s apart"

    def rotate(self, stack: Any, old: Key, new: Key, order: Order) -> list[Restarted]:  # noqa: ARG002
        return _roll(stack, order, ring(new), order.value)


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

    def rotate(self, stack: Any, old: Key, new: Key, order: Order) -> list[Restarted]:
        done = _roll(stack, order, ring(old, new), 0.0)
        done += _roll(stack, order, ring(new, old), 0.0)
        order.course.wait(order.value)
        return done + _roll(stack, order, ring(new), 0.0)


def _give_all(stack: Any, document: Mapping[str, Any]) -> None:
    """Make every worker find `document` at its next start, even if an earlier rotation gave it a file of its own."""
    for worker in names(stack):
        stack.give(_own(worker), document)
    stack.give(_FILE, document)  # for workers that are added later


def _roll(stack: Any, order: Order, document: Mapping[str, Any], apart_s: float) -> list[Restarted]:
    """Restart every worker with `document`, one after the other. A worker's own file has precedence over the common
    one.

    When all have it, the common file follows, so that a worker that is added later knows the same keys.
    """
    done: list[Restarted] = []
    workers: Sequence[str] = names(stack)
    for worker in workers:
        if done:
            order.course.wait(apart_s)
        stack.give(_own(worker), document)
        done.append(restart(stack, order, worker))
    stack.give(_FILE, document)
    return done


def _own(worker: str) -> str:
    """The name of the key file of one worker."""
    return f"jwt.{worker}.json"
