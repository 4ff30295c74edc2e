"""Finds the programs that the lab starts: in the checkout, or inside the installed wheel."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from authlab.model.errors import Unavailable

_PARTS = ("services", "loadtests", "compose")


@cache
def content_root() -> Path:
    """The folder that contains `services/`, `loadtests/` and `compose/`.

    An installed wheel contains them as `authlab/_content`; an editable install uses the checkout.
    Raises `Unavailable` if neither is there.
    """
    package = Path(__file__).resolve().parent.parent
    for root in (package / "_content", package.parent.parent):
        if all((root / part).is_dir() for part in _PARTS):
            return root
    raise Unavailable(
        f"authlab's own {', '.join(_PARTS)} folders are not beside {package}. "
        "Install it again: pip install --force-reinstall authlab, or pip install -e . in a checkout."
    )
