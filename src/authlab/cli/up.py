"""`authlab up MODE`: it runs a mode in the foreground until Ctrl-C."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext, suppress

import click

from authlab.cli.arguments import modes_of
from authlab.cli.capacity import too_many
from authlab.cli.stacking import check_timeout, choice_of, stack_options, timeout_option
from authlab.cli.values import Problems, option
from authlab.model.session_store import TIMEOUT_SETTING


@click.command()
@click.argument("mode")
@option("--workers", type=int, default=3, show_default=True, help="Workers behind the proxy.")
@option("--users", type=int, default=50, show_default=True, help="Users who can log in.")
@option("--port", type=click.IntRange(1, 65535), help="The proxy's port.  [default: a free one]")
@option("--scenario", default="browse", show_default=True, help="For the locust line: a scenario's name, or a file.")
@option("--browser", "browser", is_flag=True, help="Open a Chromium on the browser lab's page: https://app.test/")
@timeout_option
@stack_options
def up(
    mode: str,
    workers: int,
    users: int,
    port: int | None,
    scenario: str,
    browser: bool,
    store_timeout_s: float | None,
    stack_kind: str,
    worker_cpus: float | None,
) -> int:
    """Start MODE and keep it running until Ctrl-C. Prints its URL, and curl and locust lines to paste.

    MODE is a mode's name, or a TOML file that declares a mode of your own. With --browser the browser lab's sites
    start as well. One of them is a deliberately weak API that only that Chromium can reach.
    """
    from authlab.lab.browsing.driving import check_browser_lab
    from authlab.lab.browsing.window import window
    from authlab.lab.foreground import foreground, wait_for_end
    from authlab.load.scenario import scenario_from_word

    problems = Problems()
    asked = modes_of([mode], problems)
    with problems.collecting():
        load = scenario_from_word(scenario)
    choice = choice_of(stack_kind, worker_cpus, problems, asked)
    check_timeout(store_timeout_s, problems)
    for value, name in ((workers, "--workers"), (users, "--users")):
        if value <= 0:
            problems.add(f"{name} must be above zero, not {value}")
    if problem := too_many(workers):
        problems.add(f"{problem}; use fewer --workers")
    problems.raise_if_any()
    if browser:
        check_browser_lab()
    (chosen,) = asked
    click.echo(f"starting {chosen.name}: {chosen.note} …", err=True)
    settings = {} if store_timeout_s is None else {TIMEOUT_SETTING: f"{store_timeout_s:g}"}
    with foreground(
        chosen, workers=workers, users=users, port=port, scenario=load, choice=choice, settings=settings
    ) as site:
        many = "1 worker" if workers == 1 else f"{workers} workers"
        beside: AbstractContextManager[list[tuple[str, str]]] = window(site) if browser else nullcontext([])
        with suppress(KeyboardInterrupt):  # from the moment it is said to be up, Ctrl-C is how it ends
            click.echo(f"\n{chosen.name} is up at {site.stack.url} with {many}. Ctrl-C ends it.\n")
            _show(site.lines())
            with beside as more:
                _show(more)
                wait_for_end(site)
    click.echo(f"{chosen.name} has stopped", err=True)
    return 0


def _show(lines: Iterable[tuple[str, str]]) -> None:
    for title, line in lines:
        click.echo(f"# {title}\n{line}\n")
