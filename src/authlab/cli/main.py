"""The command `authlab` and its exit codes."""

from __future__ import annotations

import sys
import traceback

import click

import authlab
from authlab.cli.calibrate import calibrate
from authlab.cli.clean import clean
from authlab.cli.doctor import doctor
from authlab.cli.listing import list_command
from authlab.cli.output import replaced
from authlab.cli.reports import compare, report
from authlab.cli.run import run
from authlab.cli.up import up
from authlab.lab.lifetime import terminate_as_interrupt
from authlab.model.errors import (
    EXIT_BUG,
    EXIT_INTERRUPTED,
    EXIT_UNAVAILABLE,
    EXIT_USAGE,
    LabError,
    UsageProblem,
    nearest,
    refused_by_system,
)

_EPILOG = """\b
Exit codes:
    0  the work was done and the report written, whatever the verdicts
    1  with --fail-on refuted: a claim was refuted; with compare --fail-on worse: something is worse
    2  with --fail-on inconclusive: a claim or a comparison is inconclusive
   64  bad arguments
   69  something that is needed is missing; the message has the remedy
   70  authlab has a bug
  130  interrupted, and cleaned up
A reader that ends early (authlab run | head -1) changes nothing: the work goes on and is stored. If the
disk of the output is full, the work goes on too, and the code is 69 instead of 0.
"""


class _Commands(click.Group):
    """The commands. An unknown one is answered with their names, because `authlab help` is a common guess."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that `args` begin with. Raises `UsageProblem` if there is none of that name."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            raise UsageProblem(f"{nearest('command', args[0], self.commands)}; help: authlab --help")
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Commands, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(authlab.__version__, prog_name="authlab")
def cli() -> None:
    """Measure where a horizontally scaled web service should keep its authentication state.

    Several identical Flask workers run behind an nginx proxy in a chosen mode (sticky in-memory session,
    shared-Redis session, stateless JWT, …). Locust loads them, and a report compares every prediction with
    what was measured. Start with: authlab run
    """


for command in (run, up, list_command, report, compare, calibrate, doctor, clean):
    cli.add_command(command)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with one of the documented codes."""
    with replaced() as outputs:
        with terminate_as_interrupt():
            code = _exit_code(arguments)
        sys.stdout.flush()
        code = outputs.exit_code(code)
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
    click.echo("authlab: this is a bug in authlab; please report the lines above.", err=True)
    return EXIT_BUG
