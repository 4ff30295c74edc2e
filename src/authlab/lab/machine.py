"""What plans and judges need to know of this machine, measured."""

from __future__ import annotations

import hashlib
import os
import time
from functools import cache
from typing import Final

from authlab.host.machine import pinning
from authlab.model.machine import MachineFacts
from authlab.stack.secrets import FULL_COST

_LOOKS: Final = 3


@cache
def machine_facts() -> MachineFacts:
    """The cores of stacks and generators, and the CPU time of one password hash at full cost.

    The measurement itself takes about 0.1 s.
    """
    pins = pinning()
    _, n, r, p = FULL_COST.split(":")
    took = []
    for _ in range(_LOOKS):
        since = time.process_time()
        hashlib.scrypt(b"password", salt=b"salt", n=int(n), r=int(r), p=int(p), maxmem=132 * int(n) * int(r))
        took.append(time.process_time() - since)
    return MachineFacts(pins.stack_cores, len(pins.generator) or os.cpu_count() or 1, min(took))
