"""Every way that is known of passing off a token that the service did not issue: none is accepted, none is a 5xx."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from services.keyring import Key
from services.tokens import MAX_TOKEN_BYTES

from tests.unit.services.declared import BEARER, DECLARED, IN_COOKIES, STRICT, WITH_CSRF
from tests.unit.services.forging import CSRF, NOW, b64, claims_of, header_of, signed, token_of
from tests.unit.services.service import Service, reason

ATTACKS: dict[str, tuple[Callable[[Key], str], str]] = {}


def attack(name: str, expected: str) -> Callable[[Callable[[Key], str]], Callable[[Key], str]]:
    """Enter a forged token under its name, with the reason for which it must be refused."""

    def enter(forge: Callable[[Key], str]) -> Callable[[Key], str]:
        ATTACKS[name] = (forge, expected)
        return forge

    return enter


def _unsigned(spelling: Any) -> Callable[[Key], str]:
    def forge(key: Key) -> str:
        head, body, _ = token_of(key, {"alg": spelling}).split(".")
        return f"{head}.{body}."

    return forge


for _spelling in ("none", "None", "NONE", "nOnE", "none ", "", None):
    attack(f"alg {_spelling!r} without signature", "malformed" if _spelling is None else "bad_signature")(
        _unsigned(_spelling)
    )
for _alg in ("hs256", "HS256 ", "HS384", "HS512", "RS256", "ES256", "PS256", "EdDSA", "dir"):
    attack(f"alg {_alg!r} with our HMAC", "bad_signature")(lambda key, alg=_alg: token_of(key, {"alg": alg}))  # type: ignore[misc]
for _wrong in (256, True, [], ["HS256"], {}, {"HS256": 1}):
    attack(f"alg of the wrong kind {_wrong!r}", "bad_signature")(
        lambda key, wrong=_wrong: token_of(key, {"alg": wrong})  # type: ignore[misc]
    )
for _kid in ("nobody", "", "../../../../dev/null", "x' UNION SELECT 'secret", "/dev/null\0", "k" * 3000, 1, [], {}):
    attack(f"kid {str(_kid)[:30]!r}", "bad_signature")(lambda key, kid=_kid: token_of(key, {"kid": kid}))  # type: ignore[misc]
# A look-up that a `kid` can bend would find a key that the attacker knows: an empty file, a text of his own.
for _kid, _found in (
    ("../../../../../../dev/null", b""),
    ("/dev/null", b""),
    ("x' UNION SELECT 'secret", b"secret"),
    ("x' UNION SELECT 'secret' --", b"secret"),
    ("/proc/sys/kernel/ostype", b"Linux\n"),
    ("../../../../../../proc/sys/kernel/ostype", b"Linux"),
    ("", b""),
):
    attack(f"kid {_kid!r} signed with {_found!r}", "bad_signature")(
        lambda key, kid=_kid, found=_found: signed(key, header_of(key, kid=kid), claims_of(), found)  # type: ignore[misc]
    )
for _typ in ("JWT", "jwt", "at+jwt", "AUTHLAB+JWT", "", 1, None, ["authlab+jwt"]):
    attack(f"typ {_typ!r}", "malformed")(lambda key, typ=_typ: token_of(key, {"typ": typ}))  # type: ignore[misc]
for _name, _value in (
    ("jku", "https://attacker.test/jwks.json"),
    ("x5u", "https://attacker.test/cert.pem"),
    ("jwk", {"kty": "oct", "k": b64(b"k" * 32)}),
    ("x5c", ["MIIB"]),
    ("crit", ["exp"]),
    ("crit", []),
    ("b64", False),
    ("cty", "JWT"),
    ("zip", "DEF"),
    ("enc", "A256GCM"),
):
    attack(f"header {_name} {_value!r}", "malformed")(
        lambda key, name=_name, value=_value: token_of(key, {name: value})  # type: ignore[misc]
    )


@attack("our key brought along as jwk, signed with it", "malformed")
def _own_key(key: Key) -> str:
    return signed(key, header_of(key, jwk={"kty": "oct", "k": b64(b"a" * 32)}), claims_of(), b"a" * 32)


attack("foreign key", "bad_signature")(lambda key: signed(key, header_of(key), claims_of(), b"a" * 32))
attack("empty key", "bad_signature")(lambda key: signed(key, header_of(key), claims_of(), b""))
attack("kid as key", "bad_signature")(lambda key: signed(key, header_of(key), claims_of(), key.kid.encode()))
attack("another hash", "bad_signature")(lambda key: signed(key, header_of(key), claims_of(), digest="sha512"))
attack("signature stripped", "bad_signature")(lambda key: token_of(key).rsplit(".", 1)[0] + ".")
attack("signature truncated", "bad_signature")(lambda key: token_of(key)[:-1])
attack("signature cut in half", "bad_signature")(lambda key: token_of(key)[:-22])
attack("signature lengthened", "bad_signature")(lambda key: token_of(key) + "AAAA")
attack("signature padded", "bad_signature")(lambda key: token_of(key) + "=")
attack("signature padded too much", "bad_signature")(lambda key: token_of(key) + "==")
attack("payload padded", "bad_signature")(lambda key: "=.".join(token_of(key).rsplit(".", 1)))
attack("payload padded twice", "bad_signature")(lambda key: "==.".join(token_of(key).rsplit(".", 1)))
attack("header padded", "malformed")(lambda key: "=.".join(token_of(key).split(".", 1)))
attack("signature as standard base64", "bad_signature")(lambda key: token_of(key)[:-4] + "+/+/")
attack("signature not base64", "bad_signature")(lambda key: token_of(key)[:-4] + "!!!!")
attack("signature not ASCII", "bad_signature")(lambda key: token_of(key)[:-1] + "é")


@attack("signature of another token", "bad_signature")
def _swapped(key: Key) -> str:
    return token_of(key, sub="user-0002").rsplit(".", 1)[0] + "." + token_of(key).rsplit(".", 1)[1]


@attack("claims of another user under our signature", "bad_signature")
def _other_claims(key: Key) -> str:
    head, _, signature = token_of(key).split(".")
    return f"{head}.{b64(json.dumps(claims_of(sub='user-0002')).encode())}.{signature}"


for _text in ("", ".", "..", "...", "a", "a.b", "a.b.c", "a.b.c.d", "e30.e30.e30", "null", "Bearer", "\x00.\x00.\x00"):
    attack(f"text {_text!r}", "malformed")(lambda _key, text=_text: text)  # type: ignore[misc]
attack("five parts of an encrypted token", "malformed")(lambda key: token_of(key) + ".a.b")
attack("header is a list", "malformed")(lambda key: signed(key, [], claims_of()))
attack("header is not JSON", "malformed")(lambda key: signed(key, b"{", claims_of()))
attack("header with alg twice", "malformed")(
    lambda key: signed(
        key, f'{{"alg":"none","alg":"HS256","kid":"{key.kid}","typ":"authlab+jwt"}}'.encode(), claims_of()
    )
)
for _encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"):
    attack(f"header in {_encoding}", "malformed")(
        lambda key, encoding=_encoding: signed(key, json.dumps(header_of(key)).encode(encoding), claims_of())  # type: ignore[misc]
    )
    attack(f"payload in {_encoding}", "malformed")(
        lambda key, encoding=_encoding: signed(key, header_of(key), json.dumps(claims_of()).encode(encoding))  # type: ignore[misc]
    )
for _member in ("kid", "typ"):
    attack(f"header with {_member} twice", "malformed")(
        lambda key, member=_member: signed(  # type: ignore[misc]
            key, json.dumps(header_of(key)).replace("{", f'{{"{member}": "x", ', 1).encode(), claims_of()
        )
    )
attack("header nested deeply", "malformed")(lambda key: signed(key, b"[" * 5000, claims_of()))
attack("payload is a list", "malformed")(lambda key: signed(key, header_of(key), [1]))
attack("payload is null", "malformed")(lambda key: signed(key, header_of(key), None))
attack("payload is not JSON", "malformed")(lambda key: signed(key, header_of(key), b"\xff"))
attack("payload is empty", "malformed")(lambda key: signed(key, header_of(key), b""))
attack("payload nested deeply", "malformed")(lambda key: signed(key, header_of(key), b'{"a":' * 900))
attack("payload nested in lists", "malformed")(lambda key: signed(key, header_of(key), b"[" * 5000))
attack("payload with a number of thousands of digits", "malformed")(
    lambda key: signed(key, header_of(key), b'{"exp":' + b"9" * 5000 + b"}")
)
attack("payload with NaN", "malformed")(lambda key: signed(key, header_of(key), b'{"exp":NaN}'))
for _claim in ("sub", "exp", "iss", "aud", "iat", "jti", "nbf"):
    attack(f"claim {_claim} twice", "malformed")(
        lambda key, claim=_claim: signed(  # type: ignore[misc]
            key, header_of(key), json.dumps(claims_of(nbf=NOW)).replace("{", f'{{"{claim}": "user-0002", ', 1).encode()
        )
    )
attack("an item of the cart twice", "malformed")(
    lambda key: signed(key, header_of(key), json.dumps(claims_of()).replace("{}", '{"i": 1, "i": 2}').encode())
)
attack("too long", "malformed")(lambda key: token_of(key, jti="x" * MAX_TOKEN_BYTES))
attack("a megabyte", "malformed")(lambda _key: "a" * 1_000_000)
attack("expired", "expired")(lambda key: token_of(key, exp=NOW))
attack("expired long ago", "expired")(lambda key: token_of(key, exp=0))
attack("issued in the future", "not_yet_valid")(lambda key: token_of(key, iat=NOW + 1))
attack("not to be used yet", "not_yet_valid")(lambda key: token_of(key, nbf=NOW + 1))
attack("authenticated in the future", "not_yet_valid")(lambda key: token_of(key, auth_time=NOW + 1))
for _claim in ("iss", "aud", "sub", "exp", "iat", "jti"):
    attack(f"without {_claim}", "bad_claims")(lambda key, claim=_claim: token_of(key, **{claim: None}))  # type: ignore[misc]
for _claim in ("iss", "aud", "sub", "jti"):
    for _odd in (1, True, [], ["authlab"], {}, "", "x" * 100):
        attack(f"{_claim} is {str(_odd)[:12]!r} {type(_odd).__name__}", "bad_claims")(
            lambda key, claim=_claim, odd=_odd: token_of(key, **{claim: odd})  # type: ignore[misc]
        )
for _claim in ("exp", "iat", "nbf", "auth_time"):
    for _odd in ("1900000000", True, 1.9e9, [], {}, [1_900_000_000]):
        attack(f"{_claim} is {_odd!r}", "bad_claims")(
            lambda key, claim=_claim, odd=_odd: token_of(key, **{claim: odd})  # type: ignore[misc]
        )
attack("exp is infinite", "malformed")(lambda key: signed(key, header_of(key), b'{"exp": Infinity}'))
attack("wrong issuer", "bad_claims")(lambda key: token_of(key, iss="attacker"))
attack("wrong audience", "bad_claims")(lambda key: token_of(key, aud="other-api"))
attack("our audience among others", "bad_claims")(lambda key: token_of(key, aud=["authlab-api", "other"]))
for _cart in ([], "i1", {"i1": -1}, {"i1": "1"}, {"i1": True}, {"a b": 1}, {"": 1}, {"i": {}}):
    attack(f"cart is {_cart!r}", "bad_claims")(lambda key, cart=_cart: token_of(key, cart=cart))  # type: ignore[misc]
for _odd in (1, True, [], {}, ["c"]):
    attack(f"csrf is {_odd!r}", "bad_claims")(lambda key, odd=_odd: token_of(key, csrf=odd))  # type: ignore[misc]
attack("a user who does not exist", "revoked")(lambda key: token_of(key, sub="nobody"))


def carried(service: Service, token: str) -> dict[str, str]:
    """What puts the token where the service looks for it: into the environment, for no client would send some."""
    mode = DECLARED[service.settings.state]
    if mode.credential == "bearer":
        return {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    return {"HTTP_COOKIE": f"{mode.cookie}={token}", "HTTP_X_CSRF_TOKEN": CSRF}


@pytest.fixture(params=STRICT)
def service(request: pytest.FixtureRequest, make_service: Callable[..., Service]) -> Service:
    """Tokens, on the test's clock, in either place."""
    return make_service(request.param)


@pytest.fixture(params=[state for state in BEARER if state in STRICT])
def bearer(request: pytest.FixtureRequest, make_service: Callable[..., Service]) -> Service:
    """Tokens in the Authorization header."""
    return make_service(request.param)


@pytest.fixture
def key(service: Service) -> Key:
    """The key that signs: an attacker who has it is beaten by nothing, but the claims must hold even so."""
    assert service.settings.keyring is not None
    return service.settings.keyring.active


@pytest.fixture
def bearer_key(bearer: Service) -> Key:
    """The key of `bearer`."""
    assert bearer.settings.keyring is not None
    return bearer.settings.keyring.active


@pytest.fixture(params=list(ATTACKS))
def forged(request: pytest.FixtureRequest, key: Key) -> tuple[str, str]:
    """A forged token and the reason for its refusal."""
    forge, expected = ATTACKS[request.param]
    return forge(key), expected


def test_the_forger_can_make_a_token_that_is_accepted(service: Service, key: Key) -> None:
    answer = service.client.post("/cart/items", json={"item": "i"}, environ_overrides=carried(service, token_of(key)))
    assert answer.json is not None
    assert answer.json["user"] == "user-0001", "else the attacks below would prove nothing"


def test_it_is_refused_by_every_call(service: Service, forged: tuple[str, str]) -> None:
    token, expected = forged
    if not token.strip():
        expected = "missing"
    for method, path, body in (("GET", "/me", None), ("GET", "/cart", None), ("POST", "/cart/items", {"item": "i"})):
        answer = service.client.open(path, method=method, json=body, environ_overrides=carried(service, token))
        assert reason(answer) == (401, expected), (method, path)
        assert answer.headers["WWW-Authenticate"] == service.state.challenge


@pytest.mark.parametrize("scheme", ["Basic", "Token", "Bearer:", "", "BearerBearer"])
def test_another_scheme_is_no_credential(bearer: Service, bearer_key: Key, scheme: str) -> None:
    assert reason(bearer.get("/me", {"Authorization": f"{scheme} {token_of(bearer_key)}"})) == (401, "missing")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_written_as_one_likes(bearer: Service, bearer_key: Key, scheme: str) -> None:
    assert bearer.get("/me", {"Authorization": f"{scheme} {token_of(bearer_key)}"}).status_code == 200


def test_a_token_elsewhere_or_in_the_address_is_not_looked_at(service: Service, key: Key) -> None:
    token = token_of(key)
    assert service.client.get("/me", environ_overrides=carried(service, token)).status_code == 200
    own = DECLARED[service.settings.state].cookie
    elsewhere = {"Authorization": f"Bearer {token}"} if own else {}
    for cookie in {DECLARED[state].cookie for state in IN_COOKIES} - {own}:
        assert reason(service.get("/me", {"Cookie": f"{cookie}={token}", **elsewhere})) == (401, "missing")
    assert reason(service.get(f"/me?access_token={token}&authlab_token={token}")) == (401, "missing")


@pytest.mark.parametrize("csrf", ["", None])
@pytest.mark.parametrize("state", WITH_CSRF)
def test_a_token_that_was_not_issued_for_a_cookie_is_refused_in_one(
    make_service: Callable[..., Service], bearer: Service, bearer_key: Key, csrf: str | None, state: str
) -> None:
    in_cookies = make_service(state)
    token = token_of(bearer_key, csrf=csrf)
    assert bearer.client.get("/me", environ_overrides=carried(bearer, token)).status_code == 200
    headers = {"HTTP_COOKIE": f"{DECLARED[state].cookie}={token}"}  # without CSRF token, which an empty one would equal
    for method, path, body in (("GET", "/me", None), ("POST", "/cart/items", {"item": "i"}), ("POST", "/logout", None)):
        answer = in_cookies.client.open(path, method=method, json=body, environ_overrides=headers)
        assert reason(answer) == (401, "bad_claims")
        assert ("Max-Age=0" in answer.headers.get("Set-Cookie", "")) == (path == "/logout")
