"""OWASP ASVS 5.0, chapters 7 and 9 and 3.5.1, and RFC 8725: a probe each, compared with what each mode declares.

A probe says whether a way of keeping state meets the requirement. What it does not meet is probed as well, and
must come out as unmet: a plain token can't be revoked, and its mode says so because a probe has seen it.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from services.documents import Unusable
from services.keyring import Key, keyring_of
from services.session_ids import new_session_id

from authlab.model.modes import MODES
from tests.requirements import REQUIREMENTS as TABLE
from tests.requirements import applying
from tests.unit.services.declared import ALL, DECLARED, SIGNED
from tests.unit.services.forging import NOW, claims_of, header_of, signed, token_of
from tests.unit.services.service import Clock, Service, credential_in

Probe = Callable[[Service, Clock], bool]
PROBES: dict[str, Probe] = {}


def requirement(number: str) -> Callable[[Probe], Probe]:
    """Enter a probe under the requirement's number."""

    def enter(probe: Probe) -> Probe:
        PROBES[number] = probe
        return probe

    return enter


def _serves(service: Service, credential: dict[str, str]) -> bool:
    return service.get("/me", credential).status_code == 200


def _key(service: Service) -> Key:
    assert service.settings.keyring is not None
    return service.settings.keyring.active


def _carrying(service: Service, token: str) -> dict[str, str]:
    cookie = DECLARED[service.settings.state].cookie
    return {"Cookie": f"{cookie}={token}"} if cookie else {"Authorization": f"Bearer {token}"}


def _accepts(service: Service, token: str) -> bool:
    return _serves(service, _carrying(service, token))


@requirement("ASVS 3.5.1")
def _calls_come_from_our_pages(service: Service, _clock: Clock) -> bool:
    """Neither a page of another origin that knows the CSRF token, nor anybody who doesn't, gets anything done."""
    credential, other = service.log_in(), service.log_in(1)
    tries = [
        {**credential, "Origin": "https://evil.test"},
        {**credential, "Origin": "null"},
        {**credential, "Sec-Fetch-Site": "cross-site"},
        {**credential, "X-CSRF-Token": ""},
        {**credential, "X-CSRF-Token": other["X-CSRF-Token"]},
        {"Cookie": credential["Cookie"]},
    ]
    refused = [service.post("/cart/items", {"item": "i1"}, headers).status_code == 403 for headers in tries]
    logged_in = service.post("/login", service.users[0], {"Origin": "https://evil.test"}).status_code == 200
    return all(refused) and not logged_in and service.post("/cart/items", {"item": "i1"}, credential).status_code == 200


@requirement("ASVS 7.2.1")
def _verified_by_the_service(service: Service, _clock: Clock) -> bool:
    """Nothing that a client can make up by itself is believed."""
    made_up: list[dict[str, str]] = [
        {"X-Lab-User": "user-0001"},
        {"Cookie": "authlab_session=user-0001"},
        {"Cookie": f"authlab_session={new_session_id()}"},
        {"Authorization": "Bearer user-0001"},
        {"Cookie": "authlab_token=user-0001"},
    ]
    return _serves(service, service.log_in()) and not any(_serves(service, headers) for headers in made_up)


@requirement("ASVS 7.2.2")
def _made_anew(service: Service, _clock: Clock) -> bool:
    credentials = [json.dumps(service.log_in()) for _ in range(5)]
    return len(set(credentials)) == len(credentials)


@requirement("ASVS 7.2.3")
def _reference_tokens_are_random(service: Service, _clock: Clock) -> bool:
    ids = [service.log_in()["Cookie"].partition("=")[2] for _ in range(50)]
    bits = min(len(base64.urlsafe_b64decode(session_id + "=")) * 8 for session_id in ids)
    differing = min(len({session_id[place] for session_id in ids}) for place in range(42))
    return len(set(ids)) == len(ids) and bits >= 128 and differing > 20


@requirement("ASVS 7.2.4")
def _log_in_replaces(service: Service, _clock: Clock) -> bool:
    before = service.log_in()
    after = service.log_in(0, before)
    return after != before and not _serves(service, before)


@requirement("ASVS 7.3.1")
def _idle_ends(service: Service, clock: Clock) -> bool:
    """The shortest lives that can be set; in Redis the idle time is Redis's own, so that this one waits for it."""
    used, idle = service.log_in(), service.log_in()
    for _ in range(3):
        clock.now += 0.5
        time.sleep(0.5 if DECLARED[service.settings.state].needs_store else 0)
        if not _serves(service, used):
            return False
    return not _serves(service, idle)


@requirement("ASVS 7.3.2")
def _ends_absolutely(service: Service, clock: Clock) -> bool:
    """However it is used: where a use gives a new credential, with that."""
    credential = service.log_in()
    until = clock.now + service.settings.session_absolute_s
    while clock.now < until:
        clock.now += 0.5
        answer = service.post("/cart/items", {"item": "i1"}, credential)
        if service.settings.state in SIGNED and answer.status_code == 200:
            credential |= credential_in(answer)
    return not _serves(service, credential)


@requirement("ASVS 7.4.1")
def _log_out_ends(service: Service, _clock: Clock) -> bool:
    credential = service.log_in()
    assert service.post("/logout", None, credential).status_code == 204
    return not _serves(service, credential)


@requirement("ASVS 7.4.2")
def _removal_of_the_user_ends(service: Service, _clock: Clock) -> bool:
    """The account is looked for at each request. (Workers read the accounts once: a removal restarts them.)"""
    credential = service.log_in()
    assert _serves(service, credential)
    del service.settings.users._hashes["user-0001"]
    return not _serves(service, credential)


@requirement("ASVS 9.1.1")
def _verified_before_use(service: Service, _clock: Clock) -> bool:
    """A token that is both expired and unsigned hears of its signature: its contents were not looked at."""
    token = signed(_key(service), header_of(_key(service)), b"{", b"x" * 32)
    answer = service.get("/me", _carrying(service, token))
    return answer.json is not None and answer.json["reason"] == "bad_signature"


@requirement("ASVS 9.1.2")
@requirement("RFC 8725 3.2")
def _algorithms_are_listed(service: Service, _clock: Clock) -> bool:
    unsigned = token_of(_key(service), {"alg": "none"}).rsplit(".", 1)[0] + "."
    others = [token_of(_key(service), {"alg": alg}) for alg in ("none", "None", "HS384", "HS512", "RS256", "ES256")]
    return not any(_accepts(service, token) for token in (unsigned, *others))


@requirement("ASVS 9.1.3")
def _keys_are_ours(service: Service, _clock: Clock) -> bool:
    theirs = b"k" * 32
    jwk = {"kty": "oct", "k": base64.urlsafe_b64encode(theirs).decode()}
    brought: list[dict[str, Any]] = [{"jwk": jwk}, {"jku": "https://a.test/"}, {"x5u": "https://a.test/"}, {}]
    key = _key(service)
    return not any(_accepts(service, signed(key, header_of(key, **by), claims_of(), theirs)) for by in brought)


@requirement("ASVS 9.2.1")
def _within_its_validity(service: Service, _clock: Clock) -> bool:
    key = _key(service)
    wrong = [token_of(key, exp=NOW), token_of(key, nbf=NOW + 1), token_of(key, exp=None)]
    return _accepts(service, token_of(key, exp=NOW + 1, nbf=NOW)) and not any(_accepts(service, t) for t in wrong)


@requirement("ASVS 9.2.2")
@requirement("RFC 8725 3.11")
def _of_our_type(service: Service, _clock: Clock) -> bool:
    types = ("JWT", "at+jwt", "refresh+jwt", "logout+jwt", None)
    return not any(_accepts(service, token_of(_key(service), {"typ": typ})) for typ in types)


@requirement("ASVS 9.2.3")
@requirement("RFC 8725 3.9")
def _for_our_audience(service: Service, _clock: Clock) -> bool:
    audiences = ("other", None, ["other"], "authlab-api2", "authlab-ap")
    return not any(_accepts(service, token_of(_key(service), aud=audience)) for audience in audiences)


@requirement("RFC 8725 3.1")
def _algorithm_belongs_to_the_key(service: Service, _clock: Clock) -> bool:
    """Even signed as its header says, with our own secret, another algorithm is not that of the key."""
    key = _key(service)
    return not _accepts(service, signed(key, header_of(key, alg="HS512"), claims_of(), digest="sha512"))


@requirement("RFC 8725 3.3")
def _every_failure_refuses(service: Service, _clock: Clock) -> bool:
    token = token_of(_key(service))
    broken = [token[:place] + token[place + 1 :] for place in range(0, len(token), 3)]
    return _accepts(service, token) and not any(_accepts(service, t) for t in broken)


@requirement("RFC 8725 3.5")
def _keys_are_long_enough(_service: Service, _clock: Clock) -> bool:
    short = base64.urlsafe_b64encode(b"s" * 31).decode()
    try:
        keyring_of({"active": "a", "keys": [{"kid": "a", "alg": "HS256", "k": short}]})
    except Unusable:
        return True
    return False


@requirement("RFC 8725 3.7")
def _utf8_only(service: Service, _clock: Clock) -> bool:
    text = json.dumps(claims_of())
    codings = ("utf-16", "utf-16-le", "utf-32", "utf-8-sig")
    key = _key(service)
    return not any(_accepts(service, signed(key, header_of(key), text.encode(coding))) for coding in codings)


@requirement("RFC 8725 3.8")
def _issuer_and_subject(service: Service, _clock: Clock) -> bool:
    key = _key(service)
    wrong = [token_of(key, iss="other"), token_of(key, iss=None), token_of(key, sub=None), token_of(key, sub="nobody")]
    return not any(_accepts(service, token) for token in wrong)


@requirement("RFC 8725 3.10")
def _nothing_is_looked_up(service: Service, _clock: Clock) -> bool:
    """Not with our key under a `kid` of another, nor with the key that a bent look-up would find."""
    key = _key(service)
    kids = ("../../etc/passwd", "' OR 1=1 --", "http://a.test/key", "\0", "")
    bent = {"../../../../../../dev/null": b"", "x' UNION SELECT 'secret": b"secret", "": b""}
    tokens = [token_of(key, {"kid": kid}) for kid in kids]
    tokens += [signed(key, header_of(key, kid=kid), claims_of(), found) for kid, found in bent.items()]
    return not any(_accepts(service, token) for token in tokens)


@requirement("RFC 8725 3.12")
def _other_kinds_are_told_apart(service: Service, _clock: Clock) -> bool:
    """A token of another kind under our own key differs in one of three, and each of them alone refuses it."""
    key = _key(service)
    kinds = [token_of(key, {"typ": "refresh+jwt"}), token_of(key, aud="authlab-refresh"), token_of(key, iss="another")]
    return _accepts(service, token_of(key)) and not any(_accepts(service, token) for token in kinds)


def test_every_requirement_has_a_probe_and_every_probe_a_requirement() -> None:
    assert set(PROBES) == set(TABLE)


def test_what_is_unmet_applies_and_is_the_same_in_all_modes_of_a_state() -> None:
    for mode in MODES.values():
        assert set(mode.unmet) <= set(applying(TABLE, mode)), mode.name
        assert mode.unmet == DECLARED[mode.state].unmet, mode.name


def test_requirements_apply_to_a_mode_by_what_its_credential_is() -> None:
    of_sessions = {number for number in PROBES if number.startswith("ASVS 7.")}
    of_tokens = set(PROBES) - {"ASVS 7.2.3"}
    for mode in MODES.values():
        expected = of_tokens if mode.signature else of_sessions if mode.keeps_sessions else of_sessions - {"ASVS 7.2.3"}
        csrf = {"ASVS 3.5.1"} if mode.credential == "cookie+csrf" else set()
        assert set(applying(TABLE, mode)) == expected - {"ASVS 3.5.1"} | csrf, mode.name


ROWS = [
    pytest.param(state, number, number not in DECLARED[state].unmet, id=f"{state}-{number.replace(' ', '-')}")
    for state in ALL
    for number in applying(TABLE, DECLARED[state])
]


@pytest.mark.parametrize(("state", "number", "met"), ROWS)
def test_a_requirement_is_met_or_unmet_as_the_mode_declares(
    make_service: Callable[..., Service], clock: Clock, state: str, number: str, met: bool
) -> None:
    lives = {
        "ASVS 7.3.1": {"AUTHLAB_SESSION_IDLE_S": "1"},
        "ASVS 7.3.2": {"AUTHLAB_SESSION_ABSOLUTE_S": "5", "AUTHLAB_TOKEN_TTL_S": "2"},
    }
    service = make_service(state, **lives.get(number, {}))
    assert PROBES[number](service, clock) is met
