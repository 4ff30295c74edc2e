"""Strict JSON: no duplicate names, no NaN, no Infinity, and no deeper nesting than Python can read."""

from __future__ import annotations

import json
from typing import Any


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object's members. Two readers may choose different ones of two equal names (RFC 8725, 2.4): refuse them."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name occurs twice in one object")
    return members


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_members, parse_constant=_no_constant)


def read_json(text: bytes) -> Any:
    """The value in UTF-8 `text`. Raises `ValueError` for any error in it."""
    try:
        spelt = text.decode()
        # Our own tokens and most clients write nothing around the value; otherwise `decode` judges what is there.
        if spelt[:1] == "{":
            value, end = _DECODER.raw_decode(spelt)
            if end == len(spelt):
                return value
        return _DECODER.decode(spelt)
    except RecursionError:
        raise ValueError("nested too deeply") from None
