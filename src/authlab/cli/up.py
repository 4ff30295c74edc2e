"""`authlab up MODE`: a mode running in the foreground until Ctrl-C."""

from __future__ import annotations

import click

from authlab.cli.values import Problems


@click.command()
@click.argument("mode")
@click.option("--workers", type=int, default=3, show_default=True, help="Workers behind the proxy.")
@click.option("--users", type=int, default=50, show_default=True, help="Users that can log in.")
@click.option("--port", type=click.IntRange(1, 65535), help="The proxy's port.  [default: a free one]")
def up(mode: str, workers: int, users: int, port: int | None) -> int:
    """Stand MODE up and keep it until Ctrl-C: prints its URL, and curl and locust lines that work as pasted."""
    from authlab.lab.standing import standing, wait_for_end
    from authlab.model.modes import mode_named

    problems = Problems()
    with problems.collecting():
        chosen = mode_named(mode)
    for value, name in ((workers, "--workers"), (users, "--users")):
        if value <= 0:
            problems.add(f"{name} must be above zero, not {value}")
    problems.raise_if_any()
    click.echo(f"starting {chosen.name}: {chosen.note} …", err=True)
    with standing(chosen, workers=workers, users=users, port=port) as site:
        click.echo(f"\n{chosen.name} is up at {site.stack.url} with {workers} workers. Ctrl-C ends it.\n")
        for title, line in site.lines():
            click.echo(f"# {title}\n{line}\n")
        wait_for_end(site)
    click.echo("down", err=True)
    return 0
