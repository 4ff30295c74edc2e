"""The claims of a token, checked one by one. PyJWT would accept `"exp": "1e9"` or `true`; here types are exact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from services.carts import Cart, valid_cart
from services.problems import Problem

ISSUER: Final = "authlab"
AUDIENCE: Final = "authlab-api"

REQUIRED: Final = {"iss": str, "aud": str, "sub": str, "jti": str, "iat": int, "exp": int}
_OPTIONAL: Final = {"nbf": int, "auth_time": int, "cart": dict, "csrf": str}
_MAX_TEXT: Final = 64


class Claims(NamedTuple):
    """The service's claims. `authenticated_at` is the unix second of the log-in. `csrf` is the secret that a call which
    changes something must repeat; it is empty where the token is not in a cookie."""

    user: str
    cart: Cart
    authenticated_at: int
    csrf: str = ""


def claims_of(payload: Any, *, now: float, leeway_s: int) -> Claims:
    """The claims in a verified payload, at the unix second `now`.

    Raises `malformed` (not an object), `bad_claims` (a claim is missing, has the wrong type, or is for somebody else),
    `not_yet_valid` or `expired`. `leeway_s` allows for other workers' clocks, in both directions.
    """
    if not isinstance(payload, dict):
        raise Problem("malformed")
    _require_kinds(payload)
    if payload["iss"] != ISSUER or payload["aud"] != AUDIENCE:
        raise Problem("bad_claims", "The token is of another issuer or for another audience.")
    issued: int = payload["iat"]
    authenticated: int = payload.get("auth_time", issued)
    if max(issued, payload.get("nbf", issued), authenticated) > now + leeway_s:
        raise Problem("not_yet_valid")
    if payload["exp"] <= now - leeway_s:
        raise Problem("expired", "The token has expired.")
    cart = payload.get("cart", {})
    if not valid_cart(cart):
        raise Problem("bad_claims", "The token's cart is not a cart.")
    return Claims(payload["sub"], cart, authenticated, payload.get("csrf", ""))


def _require_kinds(payload: Mapping[str, Any]) -> None:
    for name, kind in REQUIRED.items():
        if type(payload.get(name)) is not kind:  # `isinstance` would accept True as a whole number
            raise Problem("bad_claims", f"The claim {name} is missing or of the wrong kind.")
    for name, kind in _OPTIONAL.items():
        if name in payload and type(payload[name]) is not kind:
            raise Problem("bad_claims", f"The claim {name} is of the wrong kind.")
    if not 1 <= len(payload["sub"]) <= _MAX_TEXT or not 1 <= len(payload["jti"]) <= _MAX_TEXT:
        raise Problem("bad_claims", "The claim sub or jti is empty or too long.")
