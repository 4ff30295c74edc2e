"""Errors that a user can act on. Each carries the exit code that the command line answers with."""

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
    """Something went wrong that the user can mend: the message says what, to what, why, and what to do next."""

    exit_code = EXIT_UNAVAILABLE


FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Numbers of the errors by which a system says that there is no room for more."""

_REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def refused_by_system(error: OSError) -> str | None:
    """What to say of an error that is the machine's to mend, no bug: a full disk, a missing right; None for others."""
    what = f"{error.filename2 or error.filename or 'a file'}: {error.strerror}."  # of a copy it is the second
    if error.errno in FULL:
        return f"{what} Free some space there, or name a folder on another disk: by TMPDIR, for runs by --results."
    return f"{what} Is it yours to write?" if error.errno in _REFUSED else None


class UsageProblem(LabError):
    """The call itself is wrong (a value, a name, a combination)."""

    exit_code = EXIT_USAGE


class Unavailable(LabError):
    """Something that is needed is missing: a program, a port, disk space, a permission."""


class Damaged(LabError):
    """A run folder is half-written, foreign or damaged."""

    exit_code = EXIT_USAGE


class UnknownName(UsageProblem):
    """A name that nothing has; the message holds the nearest match and the list."""


def all_of(
    asked: Iterable[Callable[[], _Found]], caught: type[LabError], raised: type[LabError] | None = None
) -> list[_Found]:
    """What each of `asked` gives. Errors of the kind `caught` are told together, as one `raised` (the same if None)."""
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
    """The error for an unknown `name` of some `kind` ("mode"), with the nearest of the `known` names. Case is ignored.

    `listed` introduces the list of known names; without it that is the plural of `kind`.
    """
    names = list(known)
    by_lower = {each.lower(): each for each in names}
    close = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.5)
    hint = f"; did you mean {by_lower[close[0]]!r}?" if close else "."
    return UnknownName(f"unknown {kind} {name!r}{hint} {listed or f'{kind}s'}: {', '.join(names)}")
