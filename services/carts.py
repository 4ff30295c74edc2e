"""The cart: state that belongs to a log-in, and makes the application stateful. Rules only, no storage."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, TypeGuard

from services.problems import Problem

Cart = Mapping[str, int]
"""Item → quantity. Never changed in place, so one thread can read a cart while another adds to it."""

MAX_ITEMS: Final = 1000
MAX_QUANTITY: Final = 1_000_000
"""The highest quantity of one item, in one request and in a cart."""

_ITEM: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


def valid_item(item: object) -> TypeGuard[str]:
    """Whether `item` is a valid name of an item."""
    return isinstance(item, str) and _ITEM.fullmatch(item) is not None


def valid_quantity(quantity: object) -> TypeGuard[int]:
    """Whether `quantity` is valid: a whole number within bounds (`True` is none)."""
    return type(quantity) is int and 1 <= quantity <= MAX_QUANTITY


def valid_cart(cart: Any) -> TypeGuard[dict[str, int]]:
    """Whether `cart`, which came from outside, is a cart. Each token contains one, so this must be fast: no calls."""
    if not isinstance(cart, dict) or len(cart) > MAX_ITEMS:
        return False
    named = _ITEM.fullmatch
    for item, quantity in cart.items():
        if type(quantity) is not int or not 1 <= quantity <= MAX_QUANTITY or not named(item):
            return False
    return True


def cart_full() -> Problem:
    """The refusal of a cart that would exceed its limits."""
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
            raise Problem("malformed_cart", "Expected entries like i1*3, each item once, separated by blanks.")
        cart[item] = quantity
    if len(cart) > MAX_ITEMS:
        raise cart_full()
    return cart
