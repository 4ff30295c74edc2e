"""JSON objects as the model's dataclasses.

msgspec converts them by the dataclasses' own type hints, and back. It is strict ("3" and true are not numbers), its
errors name the place, and it supports tagged unions. cattrs coerces by default and would need hooks for the last two.
Checks written by hand took three modules. Members that a type does not declare are ignored: a later authlab may add
some.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import msgspec

from authlab.model.errors import Damaged

T = TypeVar("T")


def typed(body: Any, kind: type[T], file: Path, remedy: str = "") -> T:
    """The JSON value `body`, which was read from `file`, as a `kind`.

    Raises `Damaged` if it is none: one sentence that names the file and the place, and then `remedy`.
    """
    try:
        return msgspec.convert(body, kind)
    except msgspec.ValidationError as error:
        raise Damaged(f"{file} is damaged: {error}. {remedy}".rstrip()) from error
