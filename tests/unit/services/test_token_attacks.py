"""Tokens that somebody else made, or made something else of: none is accepted, and each is refused by a reason."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest
from services import base64url
from services.claims import Claims
from services.keyring import Key, Keyring
from services.problems import Problem
from services.tokens import MAX_TOKEN_BYTES, TYPE, Tokens

NOW = 1_800_000_000
SECRET = b"s" * 32
KEY = Key("k1", "HS256", SECRET, SECRET)
TOKENS = Tokens(Keyring(KEY, {"k1": KEY}), ttl_s=60, absolute_s=600, leeway_s=0, clock=lambda: float(NOW))
HEADER: dict[str, Any] = {"alg": "HS256", "kid": "k1", "typ": TYPE}
PAYLOAD: dict[str, Any] = {
    "iss": "authlab",
    "aud": "authlab-api",
    "sub": "user-0001",
    "iat": NOW,
    "exp": NOW + 60,
    "jti": "j",
    "auth_time": NOW,
    "cart": {"i1": 2},
}


def part(content: object) -> str:
    """A part of a token: text as it is, anything else as JSON."""
    return base64url.encode((content if isinstance(content, str) else json.dumps(content)).encode())


def made(header: object = HEADER, payload: object = PAYLOAD, secret: bytes = SECRET) -> str:
    """A token signed with `secret`, whatever it says."""
    signed = f"{part(header)}.{part(payload)}"
    return f"{signed}.{base64url.encode(hmac.digest(secret, signed.encode(), hashlib.sha256))}"


def refusal(token: str) -> str:
    """The reason for which a token is refused, always with a 401."""
    with pytest.raises(Problem) as caught:
        TOKENS.read(token)
    assert caught.value.status == 401
    return caught.value.reason


def test_the_token_that_the_attacks_start_from_is_accepted() -> None:
    assert TOKENS.read(made()) == Claims("user-0001", {"i1": 2}, NOW)
    issued, expires_in = TOKENS.issue(Claims("user-0001", {"i1": 2}, 0))
    assert (TOKENS.read(issued), expires_in) == (Claims("user-0001", {"i1": 2}, NOW), 60)


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", "", "HS512", "hs256", "RS256", None, 1, ["HS256"], {}])
def test_an_algorithm_that_is_not_the_keys_is_refused(alg: object) -> None:
    signed = made({**HEADER, "alg": alg})
    assert refusal(signed) == "bad_signature"
    assert refusal(signed.rpartition(".")[0] + ".") == "bad_signature"


def test_a_signature_that_is_stripped_cut_or_another_tokens_is_refused() -> None:
    signed, _, signature = made().rpartition(".")
    other = made(payload={**PAYLOAD, "sub": "user-0002"}).rpartition(".")[2]
    for wrong in ("", signature[:-1], signature[:20], signature + "A", signature + "=", " " + signature, other, "é"):
        assert refusal(f"{signed}.{wrong}") == "bad_signature", wrong
    assert refusal(signed) == "malformed"
    assert refusal(f"{signed}.{signature}.{signature}") == "malformed"


def test_a_foreign_key_is_refused() -> None:
    for secret in (b"", b"k1", b"t" * 32):
        assert refusal(made(secret=secret)) == "bad_signature"


@pytest.mark.parametrize("kid", ["", "k2", "../../dev/null", "k1' OR '1'='1", "k1\0", "K1", None, 1, ["k1"], {"k1": 1}])
def test_a_key_id_that_is_none_of_ours_is_refused(kid: object) -> None:
    for secret in (SECRET, b""):
        assert refusal(made({**HEADER, "kid": kid}, secret=secret)) == "bad_signature"


@pytest.mark.parametrize("name", ["jku", "x5u", "jwk", "x5c", "crit", "b64", "zip", "cty"])
def test_a_header_that_brings_something_along_is_refused(name: str) -> None:
    assert refusal(made({**HEADER, name: ["x"]})) == "malformed"


@pytest.mark.parametrize("header", [{}, [], None, 1, "", "{", "null", {**HEADER, "typ": "JWT"}, {**HEADER, "typ": 1}])
def test_a_header_that_is_not_ours_is_refused(header: object) -> None:
    assert refusal(made(header)) == "malformed"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"exp": NOW}, "expired"),
        ({"exp": -1}, "expired"),
        ({"nbf": NOW + 1}, "not_yet_valid"),
        ({"iat": NOW + 1}, "not_yet_valid"),
        ({"auth_time": NOW + 1}, "not_yet_valid"),
        ({"iss": "evil"}, "bad_claims"),
        ({"aud": "other"}, "bad_claims"),
        ({"aud": ["authlab-api"]}, "bad_claims"),
        ({"sub": 1}, "bad_claims"),
        ({"sub": ""}, "bad_claims"),
        ({"exp": True}, "bad_claims"),
        ({"exp": str(NOW + 60)}, "bad_claims"),
        ({"exp": NOW + 60.5}, "bad_claims"),
        ({"nbf": None}, "bad_claims"),
        ({"cart": []}, "bad_claims"),
        ({"cart": {"i1": -1}}, "bad_claims"),
        ({"cart": {"i1": True}}, "bad_claims"),
    ],
)
def test_a_claim_of_another_time_place_or_kind_is_refused(changed: dict[str, object], reason: str) -> None:
    assert refusal(made(payload={**PAYLOAD, **changed})) == reason


@pytest.mark.parametrize("name", ["iss", "aud", "sub", "jti", "iat", "exp"])
def test_a_claim_that_is_missing_is_refused(name: str) -> None:
    assert refusal(made(payload={key: value for key, value in PAYLOAD.items() if key != name})) == "bad_claims"


def test_a_claim_or_header_that_occurs_twice_is_refused() -> None:
    assert refusal(made(payload=json.dumps(PAYLOAD)[:-1] + ', "sub": "user-0002"}')) == "malformed"
    assert refusal(made(json.dumps(HEADER)[:-1] + ', "alg": "none"}')) == "malformed"


@pytest.mark.parametrize(
    "payload", ["", "{", "[]", "null", "1", '{"exp": NaN}', "[" * 5000, '{"exp": ' + "9" * 5000 + "}"]
)
def test_a_payload_that_is_no_object_is_refused(payload: str) -> None:
    assert refusal(made(payload=payload)) == "malformed"


def test_a_huge_token_is_refused_before_it_is_read() -> None:
    assert refusal(made(payload={**PAYLOAD, "pad": "x" * MAX_TOKEN_BYTES})) == "malformed"
    for text in ("." * 10_000, "", "..", "a", "\ud800..", "\ud800.\ud800.\ud800"):
        assert refusal(text) == "malformed"
