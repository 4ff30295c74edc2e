"""The cart: state that belongs to a log-in, which is what makes the application stateful. Rules, no storage."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, TypeGuard

from services.problems import Problem

Cart = Mapping[str, int]
"""Item → quantity. Never changed in place, so that a reader may keep one while another thread adds to it."""

MAX_ITEMS: Final = 1000
MAX_QUANTITY: Final = 1_000_000
"""The most of one item, in one request and in a cart."""

_ITEM: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


def valid_item(item: object) -> TypeGuard[str]:
    """Whether `item` may name an item."""
    return isinstance(item, str) and _ITEM.fullmatch(item) is not None


def valid_quantity(quantity: object) -> TypeGuard[int]:
    """Whether `quantity` may be a quantity: a whole number (`True` is none) within bounds."""
    return type(quantity) is int and 1 <= quantity <= MAX_QUANTITY


def valid_cart(cart: Any) -> TypeGuard[dict[str, int]]:
    """Whether `cart`, read from somewhere, is a cart. A token brings one with each request: hence no calls in it."""
    if not isinstance(cart, dict) or len(cart) > MAX_ITEMS:
        return False
    named = _ITEM.fullmatch
    for item, quantity in cart.items():
        if type(quantity) is not int or not 1 <= quantity <= MAX_QUANTITY or not named(item):
            return False
    return True


def cart_full() -> Problem:
    """The refusal of a cart that would grow beyond its bounds."""
    return Problem("cart_full", f"A cart holds at most {MAX_ITEMS} different items and {MAX_QUANTITY} of each.")


def added(cart: Cart, item: str, quantity: int) -> Cart:
    """`cart` with `quantity` more of `item`; raises the problem `cart_full`."""
    total = cart.get(item, 0) + quantity
    if total > MAX_QUANTITY or (item not in cart and len(cart) >= MAX_ITEMS):
        raise cart_full()
    return {**cart, item: total}


def cart_of_header(text: str) -> Cart:
    """The cart that a client of the mode `none` keeps itself: `i1*3 i2*1`. Raises `malformed_cart`."""
    cart: dict[str, int] = {}
    for entry in text.split():
        item, _, digits = entry.partition("*")
        quantity = int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 7 else 0
        if item in cart or not valid_item(item) or not valid_quantity(quantity):
            raise Problem("malformed_cart", "Expected entries like i1*3, each item once, parted by blanks.")
        cart[item] = quantity
    if len(cart) > MAX_ITEMS:
        raise cart_full()
    return cart
