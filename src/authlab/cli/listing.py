"""`authlab list`: experiments, groups, faults, modes and stored runs."""

from __future__ import annotations

from pathlib import Path

import click

from authlab.cli.values import results_option


@click.command("list")
@results_option
def list_command(results: Path) -> int:
    """Show experiments, groups, faults, modes, and stored runs."""
    from authlab.experiments.catalogue import DEFAULT, EXPERIMENTS, GROUPS
    from authlab.faults.catalogue import FAULTS
    from authlab.model.modes import MODES

    _section("experiments (authlab run NAME)")
    for experiment in EXPERIMENTS.values():
        default = "  [default]" if experiment.id == DEFAULT else ""
        _row(experiment.id, experiment.summary + default)
    _section("groups")
    for name, members in GROUPS.items():
        _row(name, ", ".join(members))
    _section("faults (authlab run --mode MODE --fault FAULT@START[+DURATION])")
    for fault in FAULTS.values():
        value = "=VALUE" if fault.unit else ""
        _row(f"{fault.kind}{value}{'+DURATION' if fault.lasts == 'required' else ''}", fault.summary)
    _section("modes (authlab up MODE)")
    for mode in MODES.values():
        _row(mode.name, f"{mode.note} ({mode.routing})")
    _section(f"runs in {results}")
    for name, text in _runs(results):
        _row(name, text)
    return 0


def _runs(results: Path) -> list[tuple[str, str]]:
    from authlab.lab.folders import describe
    from authlab.store.runs import stored_runs

    return [(path.name, describe(path)) for path in stored_runs(results)] or [("none yet", "make one: authlab run")]


def _section(title: str) -> None:
    click.secho(f"\n{title}", bold=True)


def _row(name: str, text: str) -> None:
    click.echo(f"  {name:<34} {text}")
