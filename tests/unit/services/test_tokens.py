"""Tokens that are right: what is in them, how long they live, and keys that change."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import jwt
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from services.claims import AUDIENCE, ISSUER, Claims
from services.keyring import Key, Keyring
from services.problems import Problem
from services.states.jwt_lean import LeanCodec
from services.token_codec import PyJWTCodec
from services.tokens import TYPE, Tokens

from tests.unit.services.declared import PLAIN_TOKENS, SIGNED
from tests.unit.services.forging import NOW, claims_of, header_of, signed, token_of
from tests.unit.services.service import Clock, Service, credential_in, reason

OLD = Key("old", "HS256", b"o" * 32, b"o" * 32)
NEW = Key("new", "HS256", b"n" * 32, b"n" * 32)
CLAIMS = Claims("user-0001", {"i1": 2}, 0)


MakeTokens = Callable[..., Tokens]
CODECS = {"pyjwt": PyJWTCodec, "lean": LeanCodec}


def made(*keys: Key, active: Key = OLD, leeway_s: int = 0, clock: Clock | None = None, codec: str = "pyjwt") -> Tokens:
    """Tokens of these keys, their text by one of the codecs."""
    ring = Keyring(active, {key.kid: key for key in keys or (active,)})
    return Tokens(ring, ttl_s=3600, absolute_s=7200, leeway_s=leeway_s, clock=clock or Clock(), codec=CODECS[codec])


@pytest.fixture(params=CODECS, scope="module")
def tokens_with(request: pytest.FixtureRequest) -> MakeTokens:
    """`made`, with each of the codecs."""
    return partial(made, codec=request.param)


def why(tokens: Tokens, token: str) -> str | None:
    """The reason why a token is refused; None if it isn't."""
    try:
        tokens.read(token)
    except Problem as problem:
        return problem.reason
    return None


def by_pyjwt(token: str, key: Key = OLD) -> dict[str, object]:
    """The claims as PyJWT reads them, its own checks on (but for those of time, which is not ours)."""
    return jwt.decode(
        token,
        key.verifying,
        algorithms=["HS256"],
        audience=AUDIENCE,
        issuer=ISSUER,
        options={
            "require": ["iss", "aud", "sub", "exp", "iat", "jti"],
            "verify_exp": False,
            "verify_iat": False,
            "verify_nbf": False,
        },
    )


def test_what_is_issued_is_what_pyjwt_reads(tokens_with: MakeTokens) -> None:
    token, lives_s = tokens_with().issue(CLAIMS)
    claims = by_pyjwt(token)
    jti = claims.pop("jti")
    assert claims == claims_of(cart={"i1": 2}, jti=None, csrf=None)
    assert isinstance(jti, str)
    assert len(jti) >= 22, "128 bits"
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "kid": "old", "typ": TYPE}
    assert lives_s == 3600


def test_no_two_tokens_have_the_same_jti(tokens_with: MakeTokens) -> None:
    tokens = tokens_with()
    assert len({by_pyjwt(tokens.issue(CLAIMS)[0])["jti"] for _ in range(100)}) == 100


def test_what_is_issued_is_read_back(tokens_with: MakeTokens) -> None:
    tokens = tokens_with()
    assert tokens.read(tokens.issue(CLAIMS)[0]) == Claims("user-0001", {"i1": 2}, NOW)
    with_secret = CLAIMS._replace(csrf="a-secret")
    assert tokens.read(tokens.issue(with_secret)[0]) == Claims("user-0001", {"i1": 2}, NOW, "a-secret")


def test_a_token_expires_to_the_second(tokens_with: MakeTokens, clock: Clock) -> None:
    tokens = tokens_with(clock=clock)
    token, _ = tokens.issue(CLAIMS)
    clock.now += 3599.9
    assert why(tokens, token) is None
    clock.now += 0.1
    assert why(tokens, token) == "expired"


def test_leeway_is_granted_in_both_directions(tokens_with: MakeTokens, clock: Clock) -> None:
    tokens = tokens_with(leeway_s=5, clock=clock)
    token, _ = tokens.issue(CLAIMS)
    for offset, expected in ((-5.0, None), (-5.1, "not_yet_valid"), (3604.9, None), (3605.0, "expired")):
        clock.now = NOW + offset
        assert why(tokens, token) == expected


@pytest.mark.parametrize("state", SIGNED)
def test_a_renewed_token_does_not_outlive_the_log_in(
    make_service: Callable[..., Service], clock: Clock, state: str
) -> None:
    service = make_service(state, AUTHLAB_SESSION_ABSOLUTE_S="7200")
    credential = service.log_in()
    for expected in (3600, 3600, 1800):
        clock.now += 1800
        answer = service.post("/cart/items", {"item": "i1"}, credential)
        assert answer.json is not None
        assert answer.json["expires_in"] == expected
        credential |= credential_in(answer)
    clock.now += 1800
    assert reason(service.get("/me", credential)) == (401, "expired")


@pytest.mark.parametrize("state", PLAIN_TOKENS)
def test_a_token_from_before_the_log_out_still_works(make_service: Callable[..., Service], state: str) -> None:
    """What a stateless token can't do: the modes' trait `revocable` is false."""
    service = make_service(state)
    credential = service.log_in()
    assert service.post("/logout", None, credential).status_code == 204
    assert service.get("/me", credential).status_code == 200


def test_keys_that_overlap_let_nobody_down(tokens_with: MakeTokens) -> None:
    before, overlap, after = tokens_with(OLD), tokens_with(OLD, NEW, active=NEW), tokens_with(NEW, active=NEW)
    old, new = before.issue(CLAIMS)[0], overlap.issue(CLAIMS)[0]
    assert [why(tokens, old) for tokens in (before, overlap, after)] == [None, None, "bad_signature"]
    assert [why(tokens, new) for tokens in (before, overlap, after)] == ["bad_signature", None, None]


def test_a_kid_does_not_lend_its_name_to_another_key(tokens_with: MakeTokens) -> None:
    tokens = tokens_with(OLD, NEW, active=NEW)
    assert why(tokens, signed(NEW, header_of(OLD), claims_of())) == "bad_signature"


def test_headers_that_are_remembered_are_bounded(tokens_with: MakeTokens) -> None:
    tokens = tokens_with()
    for spaces in range(200):
        header = b'{"alg":"HS256","kid":"old",' + b" " * spaces + b'"typ":"authlab+jwt"}'
        assert why(tokens, signed(OLD, header, claims_of())) is None
    assert len(tokens._headers) <= 64


def test_no_header_is_remembered_before_a_key_of_ours_signed_it(tokens_with: MakeTokens) -> None:
    """Otherwise anybody could fill the memory with spellings that no client uses."""
    tokens = tokens_with()
    for spaces in range(200):
        header = b'{"alg":"HS256","kid":"old",' + b" " * spaces + b'"typ":"authlab+jwt"}'
        assert why(tokens, signed(OLD, header, claims_of(), b"x" * 32)) == "bad_signature"
    assert not tokens._headers


@pytest.mark.parametrize("pem", ["-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----", "ssh-rsa AAAA" * 4])
def test_a_public_key_is_no_secret(tokens_with: MakeTokens, pem: str) -> None:
    with pytest.raises(jwt.InvalidKeyError):
        tokens_with(Key("old", "HS256", pem.encode(), pem.encode()))


quick = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
token, _ = made().issue(CLAIMS)


@quick
@given(bit=st.integers(0, len(token) * 8 - 1))
@example(bit=len(token) * 8 - 8)  # the last character's unused bits
@example(bit=len(token) * 8 - 7)
def test_a_token_with_any_bit_flipped_is_refused(tokens_with: MakeTokens, bit: int) -> None:
    raw = bytearray(token.encode())
    raw[bit // 8] ^= 1 << bit % 8
    assert why(tokens_with(), raw.decode("latin-1")) in ("malformed", "bad_signature")


def test_every_single_bit_flipped_is_refused(tokens_with: MakeTokens) -> None:
    tokens = tokens_with()
    for bit in range(len(token) * 8):
        raw = bytearray(token.encode())
        raw[bit // 8] ^= 1 << bit % 8
        assert why(tokens, raw.decode("latin-1")) in ("malformed", "bad_signature"), bit


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@quick
@given(text=st.text() | st.text(alphabet="eyJ0.-_=aZ"))
def test_any_text_is_refused_in_good_order(tokens_with: MakeTokens, text: str) -> None:
    assert why(tokens_with(), text) in ("malformed", "bad_signature")


@quick
@given(payload=json_values)
def test_any_signed_payload_is_refused_in_good_order(tokens_with: MakeTokens, payload: object) -> None:
    assert why(tokens_with(), signed(OLD, header_of(OLD), payload)) in ("malformed", "bad_claims")


@quick
@given(header=json_values)
def test_any_header_is_refused_in_good_order(tokens_with: MakeTokens, header: object) -> None:
    assert why(tokens_with(), signed(OLD, header, claims_of())) in ("malformed", "bad_signature")


@quick
@given(
    claims=st.dictionaries(st.sampled_from(sorted(claims_of())), json_values, max_size=2),
    header=st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64", "x"]), json_values, max_size=1),
)
@example(claims={}, header={})
@example(claims={"cart": {}}, header={})
def test_whatever_is_accepted_is_accepted_by_pyjwt(
    tokens_with: MakeTokens, claims: dict[str, object], header: dict[str, object]
) -> None:
    """No codec may be more lenient than the library."""
    forged = token_of(OLD, header, **claims)
    if why(tokens_with(), forged) is None:
        by_pyjwt(forged)


@quick
@given(
    claims=st.dictionaries(st.sampled_from(sorted(claims_of())), json_values, max_size=2),
    at=st.none() | st.integers(0, 300),
    put=st.sampled_from([*"=.-_+/ A1", "é", "==", ""]),
)
@example(claims={}, at=None, put="")
@example(claims={}, at=None, put="=")
def test_both_codecs_accept_the_same_tokens(claims: dict[str, object], at: int | None, put: str) -> None:
    """A token with odd claims, or with a character replaced or (without `at`) appended."""
    text = token_of(OLD, **claims)
    text = text + put if at is None else text[:at] + put + text[at + 1 :]
    accepted = [why(made(codec=codec), text) is None for codec in CODECS]
    assert accepted[0] == accepted[1]
