"""Sessions in this worker's memory: modes `memory` (round robin, which can't work) and `sticky`."""

from __future__ import annotations

from services.cookie_sessions import CookieSessions
from services.cookies import SessionCookie
from services.session_table import SessionTable
from services.settings import Settings


def build(settings: Settings) -> CookieSessions:
    """The state of the modes that keep sessions in memory."""
    table = SessionTable(
        idle_s=settings.session_idle_s,
        absolute_s=settings.session_absolute_s,
        capacity=settings.max_sessions,
    )
    return CookieSessions(table, SessionCookie.under(tls=settings.tls), settings.session_absolute_s)
