"""The command `authlab` and its exit codes."""

from __future__ import annotations

import sys
import traceback

import click

import authlab
from authlab.cli.clean import clean
from authlab.cli.doctor import doctor
from authlab.cli.listing import list_command
from authlab.cli.reports import compare, report
from authlab.cli.run import run
from authlab.cli.up import up
from authlab.lab.lifetime import terminate_as_interrupt
from authlab.model.errors import EXIT_BUG, EXIT_INTERRUPTED, EXIT_UNAVAILABLE, EXIT_USAGE, LabError, refused_by_system

_EPILOG = """\b
Exit codes:
    0  the work was done and the report written, whatever the verdicts
    1  some claim was refuted (only with --fail-on refuted), or worse in compare (--fail-on worse)
    2  some claim or comparison was inconclusive (only with --fail-on inconclusive)
   64  bad arguments
   69  something needed is missing; the message has the remedy
   70  a bug in authlab
  130  interrupted, and cleaned up
"""


@click.group(epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(authlab.__version__, prog_name="authlab")
def cli() -> None:
    """Measure where a horizontally scaled web service should keep its authentication state.

    Several identical Flask workers run behind an nginx proxy in a chosen mode (sticky in-memory session,
    shared-Redis session, stateless JWT, …). Locust loads them, and a report compares every prediction with
    what was measured. Start with: authlab run
    """


for command in (run, up, list_command, report, compare, doctor, clean):
    cli.add_command(command)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with one of the documented codes."""
    with terminate_as_interrupt():
        code = _exit_code(arguments)
    sys.exit(code)


def _exit_code(arguments: list[str] | None) -> int:
    try:
        result = cli.main(arguments, prog_name="authlab", standalone_mode=False)
    except click.Abort:
        return EXIT_INTERRUPTED
    except click.ClickException as error:
        error.show()
        return EXIT_USAGE
    except LabError as error:
        click.echo(f"authlab: {error}", err=True)
        return error.exit_code
    except KeyboardInterrupt:
        click.echo("authlab: interrupted", err=True)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output is gone (`authlab list | head`): nothing is wrong.
        sys.stderr.close()
        return 0
    except OSError as error:
        said = refused_by_system(error)
        if said is None:
            return _bug()
        click.echo(f"authlab: {said}", err=True)
        return EXIT_UNAVAILABLE
    except Exception:  # noqa: BLE001  (the last line of defence: a bug gets its own exit code)
        return _bug()
    return result if isinstance(result, int) else 0


def _bug() -> int:
    traceback.print_exc()
    click.echo("authlab: that was a bug in authlab; please report the lines above.", err=True)
    return EXIT_BUG
