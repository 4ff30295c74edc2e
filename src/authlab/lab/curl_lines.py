"""Shell lines that log in to a mode and use it, by how its credential travels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from authlab.model.mode import Credential

_JSON: Final = "-H 'Content-Type: application/json'"
_ITEM: Final = '\'{"item": "tea"}\''
_COOKIES: Final = "-b {private}/cookies"
_HEADERS: Final = "-H @{private}/headers"


@dataclass(frozen=True)
class _Shown:
    """What curl sends to authenticate.

    `reads` is a call of Python's `print` that takes header lines from the log-in's answer (`said`); empty if none are
    needed. `with_changes` is added to requests that change something.
    """

    always: str
    with_changes: str = ""
    reads: str = ""


_SHOWN: Final[Mapping[Credential, _Shown]] = {
    "header": _Shown("-H 'X-Lab-User: user-0001'"),
    "cookie": _Shown(_COOKIES),
    "bearer": _Shown(_HEADERS, reads='print("Authorization: Bearer " + said["access_token"])'),
    # -c: the answer may bring a new token
    "cookie+csrf": _Shown(
        _COOKIES,
        with_changes=f"-c {{private}}/cookies {_HEADERS}",
        reads='print("X-CSRF-Token: " + said["csrf_token"])',
    ),
    # Only the answer says how. A header or a cookie that the application does not use does no harm.
    "answer": _Shown(
        f"{_COOKIES} {_HEADERS}",
        reads='print("Authorization: Bearer " + said["access_token"] if said.get("access_token") else '
        '"X-Lab-User: user-0001", *("X-CSRF-Token: " + said[name] for name in said if name == "csrf_token"), '
        "sep=chr(10))",
    ),
}


def curl_lines(credential: Credential, url: str, private: str) -> list[tuple[str, str]]:
    """Titles and lines for a service at `url`: log in, ask "who am I?", put something into the cart.

    `private` is the folder, quoted for the shell, of `login.json` and of the log-in's cookies and headers. Passwords
    and tokens stay in files, because every process list would show them on a command line.
    """
    shown = _SHOWN[credential]
    always, with_changes = (text.format(private=private) for text in (shown.always, shown.with_changes))
    log_in = f"curl -sS -c {private}/cookies {_JSON} -d @{private}/login.json {url}/login"
    if shown.reads:
        log_in += f" | python3 -c 'import json, sys; said = json.load(sys.stdin); {shown.reads}' > {private}/headers"
    add = " ".join(filter(None, ("curl -sS", always, with_changes, _JSON, "-d", _ITEM, f"{url}/cart/items")))
    return [
        ("log in", log_in),
        ("who am I? repeat it, and see whether X-Worker changes", f"curl -sSi {always} {url}/me"),
        ("put something into the cart", add),
    ]
