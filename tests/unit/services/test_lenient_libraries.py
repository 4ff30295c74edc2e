"""What a library that decides about tokens by itself accepts, of all that the service's own rules refuse."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.services.declared import LENIENT
from tests.unit.services.forging import token_of
from tests.unit.services.service import Service, reason
from tests.unit.services.test_token_attacks import ATTACKS, carried

ACCEPTED = {
    "flask_jwt_extended": (
        "typ ",  # no type of its own
        *("header jku", "header x5u", "header jwk", "header x5c", "header cty", "header zip", "header enc"),
        "signature padded",
        *("header in utf-", "payload in utf-"),
        *("header with alg twice", "header with kid twice", "header with typ twice"),
        *(f"claim {claim} twice" for claim in ("sub", "exp", "iss", "aud", "iat", "jti", "nbf")),
        "an item of the cart twice",
        "too long",
        *("without exp", "without iat", "without jti"),
        *("jti is ''", "jti is 'xxx", "exp is '1900000000'", "exp is 1900000000.0", "iat is True", "nbf is True"),
        *("auth_time is", "authenticated in the future"),  # claims of the service's own, of which it knows nothing
        "csrf is",
        "our audience among others",
    ),
}
"""State → how the names begin of the attacks that its library accepts. All of them need the key, except for the padded
signature, which spells a good token in another way."""

NOT_ACCEPTED = {"flask_jwt_extended": {"signature padded too much"}}
"""Names that begin like an accepted one."""


@pytest.mark.parametrize("state", LENIENT)
def test_a_library_accepts_what_is_listed_and_nothing_else(make_service: Callable[..., Service], state: str) -> None:
    service = make_service(state)
    assert service.settings.keyring is not None
    key = service.settings.keyring.active
    accepted = set()
    for name, (forge, _) in ATTACKS.items():
        answer = service.client.get("/me", environ_overrides=carried(service, forge(key)))
        if answer.status_code == 200:
            accepted.add(name)
        else:
            assert reason(answer)[0] == 401, name
    expected = {name for name in ATTACKS if name.startswith(ACCEPTED[state])} - NOT_ACCEPTED[state]
    assert accepted == expected


@pytest.mark.parametrize("state", LENIENT)
def test_no_attack_on_a_lenient_library_ends_in_a_bug(make_service: Callable[..., Service], state: str) -> None:
    """The call that reads every claim the service needs: what the library lets pass may still be refused, never 5xx."""
    service = make_service(state)
    assert service.settings.keyring is not None
    key = service.settings.keyring.active
    for name, (forge, _) in ATTACKS.items():
        headers = carried(service, forge(key))
        answer = service.client.post("/cart/items", json={"item": "i"}, environ_overrides=headers)
        assert answer.status_code == 200 or reason(answer)[0] == 401, name


@pytest.mark.parametrize("state", LENIENT)
def test_flask_jwt_extended_takes_the_scheme_in_one_spelling_only(
    make_service: Callable[..., Service], state: str
) -> None:
    """RFC 9110, 11.1, says that case does not matter."""
    service = make_service(state)
    assert service.settings.keyring is not None
    token = token_of(service.settings.keyring.active)
    assert service.get("/me", {"Authorization": f"Bearer {token}"}).status_code == 200
    assert reason(service.get("/me", {"Authorization": f"bearer {token}"})) == (401, "missing")
