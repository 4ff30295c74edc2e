"""A Chromium window on the browser lab's page, for `authlab up MODE --browser`."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlencode, urlsplit

from authlab.browser.chromium import find_chromium, in_a_box, make_profile, own_call
from authlab.browser.sites import APP
from authlab.host.processes import minimal_environment
from authlab.lab.browsing.sites_up import Pages, sites_up
from authlab.lab.foreground import Site
from authlab.stack.secrets import write_secret
from authlab.store.runs import read_object

_DISPLAY: Final = ("DISPLAY", "WAYLAND_DISPLAY")
_OF_A_DESKTOP: Final = (*_DISPLAY, "XAUTHORITY", "XDG_RUNTIME_DIR", "XDG_SESSION_TYPE", "DBUS_SESSION_BUS_ADDRESS")


_ENTRANCE: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>authlab browser lab</title>
<script>location.replace("{}")</script>
<p>The browser lab's page opens at <a href="{}">https://app.test/</a>.</p></html>
"""


def has_display() -> bool:
    """Whether a window can be opened here."""
    return sys.platform == "darwin" or any(os.environ.get(name) for name in _DISPLAY)


@contextmanager
def window(site: Site, pages: Pages | None = None) -> Iterator[list[tuple[str, str]]]:
    """Start the sites beside a running mode, and a Chromium that shows them if there is a display.

    Yields titles and lines to print, with the call that opens such a window by hand. The guardian ends Chromium and
    removes its profile. Raises `LabError` if the sites don't start.
    """
    port = urlsplit(site.stack.url).port or 80
    logs = site.folder / "logs" / "browser"
    mode = (port, site.stack.mode.name)
    with sites_up(site.guardian, site.folder / "sites", logs, site.secrets, pages=pages, mode=mode) as sites:
        program = find_chromium()
        address = f"https://{APP}/" if in_a_box(program) else _entrance(site.folder).as_uri()
        profile = make_profile(site.folder / "window", third_party_cookies=False)
        call = own_call(program, profile, sites.resolver, sites.certificate.fingerprint, address)
        lines = [
            ("user and password for the page's log-in", f"cat {shlex.quote(str(site.folder / 'login.json'))}"),
            ("open the page by hand, in a Chromium with a profile of its own", shlex.join(call)),
        ]
        if has_display():
            env = minimal_environment() | {name: os.environ[name] for name in _OF_A_DESKTOP if name in os.environ}
            site.guardian.spawn("Chromium", list(call), log=logs / "chromium.log", env=env)
        else:
            why = "no window was opened, because neither DISPLAY nor WAYLAND_DISPLAY is set"
            lines.append((f"{why}; the line above opens one from a desktop of this machine", ""))
        yield lines


def _entrance(folder: Path) -> Path:
    """A page in the private folder that redirects to the lab's page, with a user and password in the fragment.

    The lab's page removes them from its address at once. On Chromium's command line every process list would show
    them.
    """
    login = read_object(folder / "login.json", "a log-in")
    given = urlencode({"user": login["username"], "password": login["password"]})
    page = folder / "enter.html"
    write_secret(page, _ENTRANCE.format(f"https://{APP}/#{given}", f"https://{APP}/"))
    return page
