"""Sessions in this worker's memory: modes `memory` (round robin, which must fail), `sticky` and those by hash."""

from __future__ import annotations

import time

from services.clock import Clock, ahead
from services.cookie_sessions import CookieSessions
from services.cookies import SessionCookie
from services.session_table import SessionTable
from services.settings import Settings


def build(settings: Settings, clock: Clock = time.monotonic) -> CookieSessions:
    """The state of the modes that keep sessions in memory."""
    table = SessionTable(
        idle_s=settings.session_idle_s,
        absolute_s=settings.session_absolute_s,
        capacity=settings.max_sessions,
        clock=ahead(clock, settings.clock_ahead_s),
    )
    return CookieSessions(
        table, SessionCookie.under(tls=settings.tls, instance=settings.instance), settings.session_absolute_s
    )
