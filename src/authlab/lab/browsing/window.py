"""A Chromium window on the browser lab's page, for `authlab up MODE --browser`."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

from authlab.browser.chromium import find_chromium, make_profile, own_call
from authlab.browser.sites import APP
from authlab.host.processes import minimal_environment
from authlab.lab.browsing.standing import Pages, sites_up
from authlab.lab.standing import Site

_DISPLAY: Final = ("DISPLAY", "WAYLAND_DISPLAY")
_OF_A_DESKTOP: Final = (*_DISPLAY, "XAUTHORITY", "XDG_RUNTIME_DIR", "XDG_SESSION_TYPE", "DBUS_SESSION_BUS_ADDRESS")


def has_display() -> bool:
    """Whether a window can be opened here."""
    return sys.platform == "darwin" or any(os.environ.get(name) for name in _DISPLAY)


@contextmanager
def window(site: Site, pages: Pages | None = None) -> Iterator[list[tuple[str, str]]]:
    """The sites up beside a standing mode, and a Chromium on them where there is a display.

    Yields titles and lines to print: also the call that opens such a window by hand. Chromium and its profile go
    with the guardian. Raises `LabError` if the sites don't come up.
    """
    port = urlsplit(site.stack.url).port or 80
    logs = site.folder / "browser-logs"
    with sites_up(site.guardian, site.folder / "sites", logs, site.secrets, pages=pages, mode=port) as sites:
        program, address = find_chromium(), f"https://{APP}/"
        profile = make_profile(site.folder / "window", third_party_cookies=False)
        call = own_call(program, profile, sites.resolver, sites.certificate.fingerprint, address)
        lines = [
            ("user and password for the page's log-in", f"cat {shlex.quote(str(site.folder / 'login.json'))}"),
            ("open the page in a Chromium of its own profile, by hand", shlex.join(call)),
        ]
        if has_display():
            env = minimal_environment() | {name: os.environ[name] for name in _OF_A_DESKTOP if name in os.environ}
            site.guardian.spawn("Chromium", list(call), log=logs / "chromium.log", env=env)
        else:
            why = "no DISPLAY and no WAYLAND_DISPLAY here, so no window was opened"
            lines.append((f"{why}; the line above opens one from a desktop of this machine", ""))
        yield lines
