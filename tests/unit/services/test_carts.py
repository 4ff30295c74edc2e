"""The rules of a cart, and that every way of keeping it keeps to them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from services.carts import MAX_ITEMS, MAX_QUANTITY, added, cart_of_header, valid_cart
from services.problems import Problem

from tests.unit.services.declared import ALL, BEARER, DECLARED, SESSIONS, SIGNED, TOKENS_IN_COOKIES
from tests.unit.services.service import Service, credential_in, reason


def test_adding_leaves_the_cart_that_others_may_be_reading() -> None:
    before = {"i1": 1}
    assert added(before, "i1", 2) == {"i1": 3}
    assert before == {"i1": 1}


@pytest.mark.parametrize(
    "cart",
    [None, [], "i1", {"i1": 0}, {"i1": -1}, {"i1": True}, {"i1": 1.0}, {"i1": "1"}, {"": 1}, {"a b": 1},
     {"i1": MAX_QUANTITY + 1}, {f"i{n}": 1 for n in range(MAX_ITEMS + 1)}],
)  # fmt: skip
def test_what_is_no_cart_is_known(cart: object) -> None:
    assert not valid_cart(cart)


def test_the_header_of_a_client_that_keeps_its_cart() -> None:
    assert cart_of_header("i1*3  i2*1") == {"i1": 3, "i2": 1}
    assert cart_of_header("") == {}


@pytest.mark.parametrize("text", ["i1", "i1*", "*1", "i1*0", "i1*-1", "i1*1 i1*2", "i1*²", "i1*1e3", "i1*99999999"])
def test_a_header_that_is_no_cart_is_refused(text: str) -> None:
    with pytest.raises(Problem) as refused:
        cart_of_header(text)
    assert refused.value.reason == "malformed_cart"


@pytest.mark.parametrize("state", SESSIONS)
def test_a_cart_holds_a_thousand_items_and_no_more(make_service: Callable[..., Service], state: str) -> None:
    service = make_service(state)
    credential = service.log_in()
    for number in range(MAX_ITEMS):
        assert service.post("/cart/items", {"item": f"i{number}"}, credential).status_code == 200
    assert reason(service.post("/cart/items", {"item": "one-more"}, credential)) == (409, "cart_full")
    assert service.post("/cart/items", {"item": "i7"}, credential).status_code == 200
    answer = service.get("/cart", credential)
    assert answer.json is not None
    assert len(answer.json["cart"]) == MAX_ITEMS


@pytest.mark.parametrize("state", ALL)
def test_a_cart_holds_a_million_of_an_item_and_no_more(make_service: Callable[..., Service], state: str) -> None:
    service = make_service(state)
    credential = service.log_in()
    answer = service.post("/cart/items", {"item": "i1", "quantity": MAX_QUANTITY}, credential)
    assert answer.json is not None
    assert answer.json["cart"] == {"i1": MAX_QUANTITY}
    if state in SIGNED:
        credential |= credential_in(answer)
    if DECLARED[state].credential == "header":
        credential["X-Lab-Cart"] = f"i1*{MAX_QUANTITY}"
    assert reason(service.post("/cart/items", {"item": "i1"}, credential)) == (409, "cart_full")


@pytest.mark.parametrize(
    ("state", "header", "most"),
    [*((state, "Authorization", 8007) for state in BEARER), *((state, "Cookie", 4057) for state in TOKENS_IN_COOKIES)],
)
def test_a_cart_in_a_token_is_full_when_the_token_would_be_too_long_to_send_or_to_keep(
    make_service: Callable[..., Service], state: str, header: str, most: int
) -> None:
    service = make_service(state)
    credential = service.log_in()
    for number in range(MAX_ITEMS):
        answer = service.post("/cart/items", {"item": f"item-{number:05}-{'x' * 50}"}, credential)
        if answer.status_code != 200:
            break
        credential |= credential_in(answer)
        assert len(answer.headers.get("Set-Cookie", "")) <= 4096, "a browser would drop it silently (RFC 6265, 6.1)"
    assert reason(answer) == (409, "cart_full")
    assert service.get("/cart", credential).status_code == 200, "the token before it still works"
    assert most - 200 < len(credential[header]) <= most
