"""Errors that a user can act on. Each carries the exit code of the command line."""

from __future__ import annotations

import difflib
import errno
from collections.abc import Callable, Iterable
from typing import TypeVar

EXIT_OK = 0
EXIT_REFUTED = 1
EXIT_INCONCLUSIVE = 2
EXIT_USAGE = 64
EXIT_UNAVAILABLE = 69
EXIT_BUG = 70
EXIT_INTERRUPTED = 130


_Found = TypeVar("_Found")


class LabError(Exception):
    """A problem that the user can fix. The message says what happened, to what, why, and what to do next."""

    exit_code = EXIT_UNAVAILABLE


FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""The errors of a system that has no more space."""

_REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def refused_by_system(error: OSError) -> str | None:
    """The message for an error that is no bug, such as a full disk or a missing permission; None for other errors."""
    what = f"{error.filename2 or error.filename or 'a file'}: {error.strerror}."  # for a copy it is the second name
    if error.errno in FULL:
        return f"{what} Free some space there, or use another disk: --results for runs, TMPDIR for the rest."
    return f"{what} Check that you may write there." if error.errno in _REFUSED else None


class UsageProblem(LabError):
    """The call itself is wrong (a value, a name, a combination)."""

    exit_code = EXIT_USAGE


class Unavailable(LabError):
    """Something needed is missing: a program, a port, disk space, a permission."""


class Damaged(LabError):
    """A run folder is incomplete, damaged, or not from authlab."""

    exit_code = EXIT_USAGE


class UnknownName(UsageProblem):
    """An unknown name. The message holds the nearest match and the list."""


def all_of(
    asked: Iterable[Callable[[], _Found]], caught: type[LabError], raised: type[LabError] | None = None
) -> list[_Found]:
    """The results of all calls `asked`.

    Errors of the kind `caught` are collected and raised as one `raised`, which is the same kind if it is None.
    """
    found, troubles = [], []
    for ask in asked:
        try:
            found.append(ask())
        except caught as error:
            troubles.append(str(error))
    if troubles:
        raise (raised or caught)("\n".join(dict.fromkeys(troubles)))
    return found


def nearest(kind: str, name: str, known: Iterable[str], listed: str = "") -> UnknownName:
    """The error for an unknown `name` of some `kind` ("mode"), with the nearest of the `known` names. It ignores case.

    `listed` introduces the list of known names; the default is the plural of `kind`.
    """
    names = list(known)
    by_lower = {each.lower(): each for each in names}
    close = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.5)
    hint = f"; did you mean {by_lower[close[0]]!r}?" if close else "."
    return UnknownName(f"unknown {kind} {name!r}{hint} {listed or f'{kind}s'}: {', '.join(names)}")
