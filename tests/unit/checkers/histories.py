"""Histories made by hand, and clean ones made at random by a service that does everything right."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from authlab.store.frames import SAMPLES_SCHEMA

MS = 1_000_000
UNKNOWN = (("network", 0), ("timeout", 0), ("proxy", 502), ("server", 503))
_NUMBERS = (pl.Int64, pl.Float64)
_BLANK = {name: 0 if kind in _NUMBERS else False if kind is pl.Boolean else "" for name, kind in SAMPLES_SCHEMA.items()}

Row = dict[str, Any]


def asked(op: str, sent_ms: float, done_ms: float, *, user: int = 1, credential: int = 1, **more: Any) -> Row:
    """One request, by default answered as it should be by worker-1 to a credential received at 10 ms."""
    status = {"ok": 200, "wrong": 200, "auth": 401, "client": 404, **dict(UNKNOWN)}[more.get("outcome", "ok")]
    login = op == "login"
    return {
        **_BLANK,
        "op": op,
        "user": user,
        "credential": 0 if login else credential,
        "issued_ns": 0 if login else 10 * MS,
        "sent_ns": round(sent_ms * MS),
        "done_ns": round(done_ms * MS),
        "status": status,
        "worker": "worker-1" if status not in (0, 502) else "",
        "outcome": "ok",
        "request_id": f"r{sent_ms:g}",
        **more,
    }


def login(user: int = 1) -> Row:
    """A log-in at 0 ms, answered at 10 ms."""
    return asked("login", 0, 10, user=user)


def frame(*rows: Row) -> pl.DataFrame:
    """The samples of a trial."""
    known = [{name: row[name] for name in SAMPLES_SCHEMA} for row in rows]
    return pl.DataFrame(known, schema=SAMPLES_SCHEMA)


@dataclass
class Session:
    """What the service knows of one log-in, and what its user holds of it."""

    expires_ms: float
    cart: dict[str, int] = field(default_factory=dict)
    alive: bool = True
    issued_ns: int = 0
    credential: int = 0


def clean_history(seed: int, users: int = 3, steps: int = 30, doubtful: float = 0.1, ttl_ms: float = 4000) -> list[Row]:
    """What users of a faultless service record. Requests of one user overlap; each is carried out at one moment.

    A share of them is of unknown fate, and half of those were carried out. Users go on after a log-out and after the
    end of their credential, and are refused then, as they must be.
    """
    rng = random.Random(seed)
    return [row for user in range(users) for row in _life(rng, user, steps, doubtful, ttl_ms)]


def _life(rng: random.Random, user: int, steps: int, doubtful: float, ttl_ms: float) -> list[Row]:
    rows: list[Row] = []
    now_ms, credential = rng.uniform(1, 100), 0
    session: Session | None = None
    for _ in range(steps):
        if session is None or (not session.alive and rng.random() < 0.4):
            now_ms = max([now_ms, *(row["done_ns"] / MS for row in rows)]) + rng.uniform(1, 50)
            done_ms = now_ms + rng.uniform(1, 20)
            row = asked("login", now_ms, done_ms, user=user, **_fate(rng, doubtful))
            rows.append(row)
            now_ms = done_ms + 1
            if row["outcome"] == "ok":
                credential += 1
                expires_ms = done_ms + ttl_ms
                session = Session(expires_ms, issued_ns=row["done_ns"], credential=credential)
            continue
        now_ms += rng.uniform(1, 200)  # the moment at which it is carried out
        sent_ms = max(session.issued_ns / MS + 0.01, now_ms - rng.uniform(0.1, 150))
        rows.append(_ask(rng, user, session, sent_ms, now_ms, doubtful))
    return rows


def _ask(rng: random.Random, user: int, session: Session, sent_ms: float, now_ms: float, doubtful: float) -> Row:
    op = rng.choices(["me", "cart", "add", "logout"], [4, 4, 4, 1])[0]
    item = f"i{rng.randint(1, 3)}" if op == "add" else ""
    taken = session.alive and now_ms < session.expires_ms
    fate = _fate(rng, doubtful)
    if taken and ("outcome" not in fate or rng.random() < 0.5):
        if item:
            session.cart[item] = session.cart.get(item, 0) + 1
        session.alive = op != "logout"
    elif not taken and "outcome" not in fate:
        fate = {"outcome": "auth", "reason": "unknown_session"}
    shows = op in ("cart", "add") and "outcome" not in fate
    return asked(
        op,
        sent_ms,
        now_ms + rng.uniform(0.1, 150),
        user=user,
        credential=session.credential,
        issued_ns=session.issued_ns,
        expires_ns=round(session.expires_ms * MS),
        item=item,
        cart=" ".join(f"{name}*{count}" for name, count in session.cart.items()) if shows else "",
        **fate,
    )


def _fate(rng: random.Random, doubtful: float) -> Row:
    if rng.random() >= doubtful:
        return {}
    outcome, _ = rng.choice(UNKNOWN)
    return {"outcome": outcome, "reason": "unknown"}
