"""Calls of the command line, as a shell makes them: in this process, or in one of their own with fewer rights."""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from authlab.cli.main import main

WITHIN_S = 60
_PR_CAPBSET_DROP = 24  # <linux/prctl.h>
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1, 2  # <linux/capability.h>


def call(*arguments: str) -> int:
    """The exit code of `authlab ARGUMENTS`, called in this process."""
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(ended.value.code or 0)


def authlab(*arguments: str, cwd: Path, become: Callable[[], None] | None = None) -> tuple[int, str]:
    """Exit code and everything that `authlab ARGUMENTS` said, as a process that first does `become`."""
    done = subprocess.run(
        [sys.executable, "-m", "authlab", *arguments],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=WITHIN_S,
        check=False,
        preexec_fn=become,
    )
    return done.returncode, done.stdout


def bound_by_permissions() -> None:
    """Permissions hold for us even if we are root: the program that we become can't override them."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        for capability in (_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH):
            if libc.prctl(_PR_CAPBSET_DROP, ctypes.c_ulong(capability), 0, 0, 0):
                raise OSError(ctypes.get_errno(), "can't give up root's way around permissions")


def no_file_above(size: int) -> Callable[[], None]:
    """No file can grow beyond `size` bytes: to the program that writes it, as a disk that is full there."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below `folder`, by its path: what must be the same after a call that failed."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
