"""Standard output and standard error that may fail without harm to the work that is reported on them.

A reader that has seen enough (`authlab run | head -1`) closes its pipe; a terminal goes away; a disk is full. None of
that is a reason to lose a measurement. What can't be written is dropped, and the work goes on.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator
from typing import Any, Final, TextIO

from authlab.model.errors import EXIT_OK, EXIT_UNAVAILABLE

_GONE: Final = frozenset({errno.EPIPE, errno.ECONNRESET, errno.ESHUTDOWN, errno.EIO})
"""Errors of a reader that has ended: it wanted no more, so nothing is amiss. EIO: a terminal that was closed."""


class Outputs:
    """Both streams of a call. Use `replaced` to make them."""

    def __init__(self) -> None:
        self.streams: list[_Lenient] = []

    def exit_code(self, code: int) -> int:
        """The exit code of a call that would end with `code`.

        Output that nobody wanted to read any more changes nothing. Output that was lost although somebody wants it
        (its disk is full) makes a success `EXIT_UNAVAILABLE`, and says so if there is a place to say it.
        """
        for stream in self.streams:
            if stream.lost is not None and stream.lost.errno not in _GONE:
                why = os.strerror(stream.lost.errno or 0)
                with contextlib.suppress(OSError, ValueError):
                    sys.stderr.write(
                        f"authlab: {stream.named} could not be written: {why}. A part of what was said is missing; "
                        "the work itself went on. Free some space there, or send the output elsewhere.\n"
                    )
                    sys.stderr.flush()
                code = EXIT_UNAVAILABLE if code == EXIT_OK else code
        return code


class _Lenient(io.FileIO):
    """A file descriptor that becomes a hole at the first write that fails."""

    def __init__(self, descriptor: int, named: str) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self.named = named
        self.lost: OSError | None = None

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError as error:
            self.lost = error
            hole = os.open(os.devnull, os.O_WRONLY)
            os.dup2(hole, self.fileno())
            os.close(hole)
            return len(data)


@contextlib.contextmanager
def replaced() -> Iterator[Outputs]:
    """`sys.stdout` and `sys.stderr` cannot fail inside this context, unless somebody else has replaced them.

    A descriptor that the caller closed (`>&-`) is occupied first: otherwise the next file that is opened would get its
    number, and a program's messages would be written into it.
    """
    _occupy()
    outputs = Outputs()
    before = sys.stdout, sys.stderr
    sys.stdout = _replacement(sys.stdout, sys.__stdout__, outputs)
    sys.stderr = _replacement(sys.stderr, sys.__stderr__, outputs)
    try:
        yield outputs
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):  # somebody closed it
                stream.flush()
        sys.stdout, sys.stderr = before


def _replacement(current: TextIO | None, original: TextIO | None, outputs: Outputs) -> TextIO:
    if current is None:
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123  (it lives as long as the stream)
    return _lenient(current, outputs) if current is original else current


def _lenient(stream: TextIO, outputs: Outputs) -> TextIO:
    """The stream again, on the same descriptor, with the same encoding and buffering."""
    try:
        stream.flush()
        raw = _Lenient(stream.fileno(), "standard output" if stream is sys.__stdout__ else "standard error")
    except (OSError, ValueError):  # it has no descriptor
        return stream
    outputs.streams.append(raw)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=getattr(stream, "line_buffering", False),
    )


def _occupy() -> None:
    """Open the null device until descriptors 0, 1 and 2 are all in use."""
    taken = os.open(os.devnull, os.O_RDWR)
    while taken <= 2:
        os.set_inheritable(taken, True)
        taken = os.open(os.devnull, os.O_RDWR)
    os.close(taken)
