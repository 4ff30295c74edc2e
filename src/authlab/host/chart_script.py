"""The charts' JavaScript (Vega, Vega-Lite, Vega-Embed), bundled by a separate process.

vl-convert bundles it again each time. That takes more than a second of CPU, during which it holds Python's lock. The
process is therefore started as soon as a page will be needed, and runs on another core while the run is read and
computed.
"""

from __future__ import annotations

import atexit
import functools
import subprocess
import sys

_SNIPPET = "window.vegaEmbed = vegaEmbed;"
_PROGRAM = (
    "import sys, vl_convert; "
    "sys.stdout.buffer.write(vl_convert.javascript_bundle(sys.argv[1]).encode()); sys.stdout.buffer.flush()"
)
_WITHIN_S = 60.0


@functools.cache
def begin() -> subprocess.Popen[bytes] | None:
    """Start the process if it isn't started. None if none can be started (then `chart_script` does it alone).

    It ends at our exit or, if we are killed, when nobody reads its output.
    """
    try:
        process = subprocess.Popen(
            [sys.executable, "-I", "-c", _PROGRAM, _SNIPPET],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return None
    atexit.register(_end, process)
    return process


@functools.cache
def chart_script() -> str:
    """The script that defines `window.vegaEmbed`: from vl-convert, no network."""
    process = begin()
    if process is not None:
        try:
            made, _ = process.communicate(timeout=_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        else:
            if process.returncode == 0 and made:
                return made.decode()
    import vl_convert

    return str(vl_convert.javascript_bundle(_SNIPPET))


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
        process.communicate()
