"""The faults by name. A new one is one new file, and its class here."""

from __future__ import annotations

from typing import Final

from authlab.faults.base import Fault
from authlab.faults.clock_skew import ClockSkew
from authlab.faults.crash_worker import CrashWorker
from authlab.faults.drain_worker import DrainWorker
from authlab.faults.flush_store import FlushStore
from authlab.faults.pause_worker import PauseWorker
from authlab.faults.redis_link import RedisCut, RedisLatency, RedisStall
from authlab.faults.redis_stops import KillRedis, StopRedis
from authlab.faults.rolling_restart import RollingRestart
from authlab.faults.rotate_key import CompromiseKey, OverlapKey, SwapKey, SwapKeyRolling
from authlab.faults.scaling import ScaleIn, ScaleOut
from authlab.faults.stop_worker import StopWorker

_KINDS: Final[tuple[type[Fault], ...]] = (
    CrashWorker,
    StopWorker,
    PauseWorker,
    RollingRestart,
    DrainWorker,
    ScaleOut,
    ScaleIn,
    StopRedis,
    KillRedis,
    RedisLatency,
    RedisStall,
    RedisCut,
    FlushStore,
    SwapKey,
    SwapKeyRolling,
    OverlapKey,
    CompromiseKey,
    ClockSkew,
)

FAULTS: Final[dict[str, type[Fault]]] = {kind.kind: kind for kind in _KINDS}
"""By name, in the order of `authlab list`."""
