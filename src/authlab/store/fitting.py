"""Whether data read from a file has the types that its dataclass declares: JSON promises none."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

_WORDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false", NoneType: "null"}


def misfit(value: Any, kind: Any, where: str) -> str | None:
    """What does not fit at `where` or below it ("trials[2].workers is not a whole number"), None if all does.

    Knows dataclasses, `tuple`, `list`, `dict`, `Literal`, unions, plain types and `Any`: what the model is made of.
    """
    origin, inner = get_origin(kind), get_args(kind)
    if kind is Any:
        return None
    if isinstance(kind, type) and is_dataclass(kind):
        return _of_fields(value, kind, where)
    if origin is Literal:
        return None if value in inner else f"{where} is none of {', '.join(map(str, inner))}"
    if origin in (Union, UnionType):
        found = [misfit(value, one, where) for one in inner]
        return None if None in found else found[0]
    if origin is tuple:
        return _of_items(value, inner, where)
    if origin is list:
        return _of_items(tuple(value) if isinstance(value, list) else value, (inner[0], ...), where)
    if origin is dict:
        return _of_entries(value, inner, where)
    if _is_plain(value, kind):
        return None
    return f"{where} is not {_WORDS.get(kind, kind)}"


def _is_plain(value: Any, kind: type) -> bool:
    if kind in (int, float) and isinstance(value, bool):
        return False
    return isinstance(value, (int, float) if kind is float else kind)


def _of_fields(value: Any, kind: type, where: str) -> str | None:
    if not isinstance(value, kind):
        return f"{where} is no {kind.__name__.lower()}"
    hints = get_type_hints(kind)
    below = f"{where}." if where else ""
    return _first(misfit(getattr(value, f.name), hints[f.name], below + f.name) for f in fields(kind))


def _of_items(value: Any, inner: tuple[Any, ...], where: str) -> str | None:
    if not isinstance(value, tuple):
        return f"{where} is no list"
    kinds = (inner[0],) * len(value) if inner[-1] is Ellipsis else inner
    if len(kinds) != len(value):
        return f"{where} does not have {len(kinds)} items"
    return _first(misfit(item, of, f"{where}[{i}]") for i, (item, of) in enumerate(zip(value, kinds, strict=True)))


def _of_entries(value: Any, inner: tuple[Any, ...], where: str) -> str | None:
    if not isinstance(value, dict):
        return f"{where} is no object"
    return _first(misfit(item, inner[1], f"{where}.{name}") for name, item in value.items())


def _first(found: Any) -> str | None:
    return next((text for text in found if text is not None), None)
