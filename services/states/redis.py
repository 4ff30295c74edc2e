"""Sessions in one Redis that all workers share: any worker serves anybody, at one round trip per request."""

from __future__ import annotations

import time
from typing import Final

from services.clock import Clock
from services.cookie_sessions import CookieSessions
from services.redis_client import RedisClient
from services.redis_sessions import sessions_over
from services.settings import Settings

NEEDS: Final = ("store",)


def build(settings: Settings, clock: Clock = time.time) -> CookieSessions:
    """The state of the mode `redis`."""
    assert settings.redis is not None  # noqa: S101 - the settings of this state hold them
    return sessions_over(RedisClient(settings.redis, size=settings.threads), settings, clock)
