"""JSON that is read strictly: no name twice, no NaN, no Infinity, nothing nested beyond what Python bears."""

from __future__ import annotations

import json
from typing import Any


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object's members. Two readers may take different ones of two equal names (RFC 8725, 2.4): refuse them."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name occurs twice in one object")
    return members


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_members, parse_constant=_no_constant)


def read_json(text: bytes) -> Any:
    """The value in UTF-8 `text`. Raises `ValueError` for whatever is wrong with it."""
    try:
        spelt = text.decode()
        # As our own tokens and most clients write it, the value fills the text; else `decode` judges what is around it.
        if spelt[:1] == "{":
            value, end = _DECODER.raw_decode(spelt)
            if end == len(spelt):
                return value
        return _DECODER.decode(spelt)
    except RecursionError:
        raise ValueError("nested too deeply") from None
