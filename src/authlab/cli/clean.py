"""`authlab clean` removes old runs."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from authlab.cli.values import results_option


@click.command()
@click.option("--keep", type=click.IntRange(min=0), default=3, show_default=True, help="Number of newest runs to keep.")
@click.option("--dry-run", is_flag=True, help="Only list what would be removed.")
@click.option("--yes", is_flag=True, help="Do not ask before removing.")
@results_option
def clean(keep: int, dry_run: bool, yes: bool, results: Path) -> int:
    """Remove old runs and keep the newest. Running runs, and folders that are not runs, are never removed."""
    from authlab.lab.folders import is_ours
    from authlab.lab.lock import is_running
    from authlab.store.runs import stored_runs

    # The user made a symbolic link, and its target lies elsewhere.
    ours = [p for p in stored_runs(results) if not p.is_symlink() and is_ours(p) and not is_running(p)]
    old = ours[: max(0, len(ours) - keep)]
    if not old:
        there = "there is 1 run" if len(ours) == 1 else f"there are {len(ours) or 'no'} runs"
        kept = "the newest is kept" if keep == 1 else f"the newest {keep} are kept"
        click.echo(f"nothing to remove: {there} in {results}, and {kept}")
        return 0
    size = sum(file.stat().st_size for path in old for file in path.rglob("*") if file.is_file())
    for path in old:
        click.echo(path.name)
    click.echo(f"{len(old)} {'run' if len(old) == 1 else 'runs'}, {size / 1024**2:.1f} MiB")
    if dry_run:
        return 0
    if not yes:
        click.confirm("remove them?", abort=True)
    _remove(old)
    latest = results / "latest"
    if latest.is_symlink() and not latest.exists():
        latest.unlink()
    return 0


def _remove(old: list[Path]) -> None:
    """Remove what can be removed. Raises one `Unavailable` that names the rest."""
    from authlab.model.errors import Unavailable

    stuck = []
    for path in old:
        # Hide the run first, in one step: an interrupted removal must not leave half a run among the runs.
        leaving = path.with_name(f".{path.name}") if not path.name.startswith(".") else path
        try:
            path.rename(leaving)
            shutil.rmtree(leaving)
        except OSError as error:
            stuck.append(f"{leaving if leaving.exists() else path}: {error.strerror}")
    if stuck:
        raise Unavailable("these folders could not be removed:\n" + "\n".join(f"  - {text}" for text in stuck))
