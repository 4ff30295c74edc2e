"""Request bodies: JSON objects only, and small ones.

The content type also protects against forged requests. An HTML form can't send `application/json`. A script of
another origin can't without a preflight, which this service never grants.
"""

from __future__ import annotations

from typing import Any, Final

from flask import Request
from werkzeug.exceptions import HTTPException

from services.carts import MAX_QUANTITY, valid_item, valid_quantity
from services.problems import Problem
from services.strict_json import read_json

MAX_BODY_BYTES: Final = 16_384
_MAX_USER: Final = 64
_MAX_PASSWORD: Final = 1024


def credentials(request: Request) -> tuple[str, str]:
    """User name and password of a log-in."""
    body = _object(request)
    return _text(body, "username", _MAX_USER), _text(body, "password", _MAX_PASSWORD)


def addition(request: Request) -> tuple[str, int]:
    """The item to put into the cart, and its quantity (default 1)."""
    body = _object(request)
    item, quantity = body.get("item"), body.get("quantity", 1)
    if isinstance(quantity, float) and quantity.is_integer():
        quantity = int(quantity)  # JSON Schema counts 1.0 as a whole number
    if not valid_item(item):
        raise Problem("invalid_body", "`item` must be 1 to 64 of A-Z a-z 0-9 _ -.")
    if not valid_quantity(quantity):
        raise Problem("invalid_body", f"`quantity` must be a whole number from 1 to {MAX_QUANTITY}.")
    return item, quantity


def refuse_forms(request: Request) -> None:
    """For calls that read no body: a request with a content type must still be JSON."""
    if request.content_type is not None or request.content_length:
        _require_json(request)


def _require_json(request: Request) -> None:
    if request.mimetype != "application/json":
        raise Problem("unsupported_media_type", "Send Content-Type: application/json.")


def _object(request: Request) -> dict[str, Any]:
    _require_json(request)
    text = _read(request)
    try:
        body = read_json(text)
    except ValueError as error:
        raise Problem("malformed_json", f"The body is not JSON: {error}.") from None
    if not isinstance(body, dict):
        raise Problem("invalid_body", "The body must be an object.")
    return body


def _read(request: Request) -> bytes:
    try:
        return request.get_data(cache=False)
    except HTTPException:
        raise  # too large
    except Exception as error:  # each server has its own classes for a damaged chunk and for a client that went away
        raise Problem("bad_request", "The body can't be read.") from error


def _text(body: dict[str, Any], name: str, longest: int) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= longest:
        raise Problem("invalid_body", f"`{name}` must be text of 1 to {longest} characters.")
    try:
        value.encode()
    except UnicodeEncodeError:  # JSON can spell half a character: "\ud800"
        raise Problem("invalid_body", f"`{name}` must be text.") from None
    return value
