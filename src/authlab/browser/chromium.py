"""Chromium: finds it, sets its flags, and makes a profile for it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from authlab.model.errors import Unavailable

NAMED: Final = "AUTHLAB_CHROMIUM"
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET: Final = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--no-first-run",
    "--no-default-browser-check",
)
"""Flags that stop it from asking questions, using graphics hardware, or contacting anybody by itself."""


def find_chromium() -> Path:
    """The Chromium that AUTHLAB_CHROMIUM names, or one on the PATH, or Playwright's own.

    Raises `Unavailable` with the remedy.
    """
    named = os.environ.get(NAMED)
    if named:
        path = shutil.which(named)
        if path is None:
            raise Unavailable(f"{NAMED} is {named!r}, and there is no such program.")
        return Path(path)
    for name in _NAMES:
        if found := shutil.which(name):
            return Path(found)
    own = _playwrights_own()
    if own is not None:
        return own
    raise Unavailable(
        f"no Chromium found: none of {', '.join(_NAMES)} is on the PATH, and Playwright has none. Remedy: "
        f"apt install chromium, or playwright install chromium, or name one in {NAMED}."
    )


def _playwrights_own() -> Path | None:
    """Where `playwright install chromium` puts it. The newest, if there are several."""
    root = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    on_mac = Path.home() / "Library" / "Caches" / "ms-playwright"
    patterns = ("chromium-*/chrome-linux*/chrome", "chromium-*/chrome-mac*/*.app/Contents/MacOS/*")
    found = [path for place in (root, on_mac) for pattern in patterns for path in place.glob(pattern)]
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def in_a_box(program: Path) -> bool:
    """Whether it is Ubuntu's snap, which has its own /tmp and can't find our files there."""
    snap = Path("/snap/bin/chromium")
    return snap.exists() and (program == snap or program.name == "chromium-browser")


def flags(resolver: str, fingerprint: str) -> list[str]:
    """The flags with which Chromium knows the lab's sites and nothing else on the network.

    It ignores certificate errors for this one key only. `--ignore-certificate-errors` would make Chromium ignore HSTS
    as well. Its sandbox doesn't work for root.
    """
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return [
        *sandbox,
        *QUIET,
        f"--host-resolver-rules={resolver}",
        f"--ignore-certificate-errors-spki-list={fingerprint}",
    ]


def make_profile(folder: Path, *, third_party_cookies: bool) -> Path:
    """A new profile in `folder` whose preferences allow or block third-party cookies."""
    default = folder / "Default"
    default.mkdir(mode=0o700, parents=True)
    preferences = {
        "profile": {
            "cookie_controls_mode": 0 if third_party_cookies else 1,
            "block_third_party_cookies": not third_party_cookies,
        },
        "tracking_protection": {"block_all_3pc_toggle_enabled": not third_party_cookies},
        "signin": {"allowed": False},
        "history": {"saving_disabled": True},  # an address may contain a password in its fragment
        "browser": {"show_home_button": False, "check_default_browser": False},
    }
    (default / "Preferences").write_text(json.dumps(preferences), encoding="utf-8")
    return folder


def own_call(program: Path, profile: Path, resolver: str, fingerprint: str, address: str) -> Sequence[str]:
    """The command line of a Chromium window on `address`."""
    quiet = "--test-type"  # otherwise a bar across the window says that the flags are not supported
    return [str(program), f"--user-data-dir={profile}", *flags(resolver, fingerprint), quiet, address]
