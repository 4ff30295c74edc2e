"""What the README shows is true: its commands parse, its modes and files exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from authlab.cli.main import cli
from authlab.cli.values import Problems
from authlab.experiments.catalogue import EXPERIMENTS, GROUPS
from authlab.model.modes import MODES

_ROOT = Path(__file__).resolve().parents[2]
_PAGES = ("README.md", "CONTRIBUTING.md", "results/README.md")


def _lines(page: str) -> list[str]:
    text = (_ROOT / page).read_text(encoding="utf-8")
    return [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines() if line]


def _spoken(text: str) -> list[str]:
    """Commands that stand in the prose, between backticks; a bare name of one that needs arguments only names it."""
    found = re.findall(r"`((?:authlab|make) [^`…]+)`", text)
    return [command for command in found if command not in ("authlab up", "authlab compare")]


def _commands(program: str) -> list[str]:
    found: list[str] = []
    for page in _PAGES:
        text = (_ROOT / page).read_text(encoding="utf-8")
        found += [line for line in (*_lines(page), *_spoken(text)) if line.startswith(program + " ")]
    return [command for command in dict.fromkeys(found) if not re.search(r"\b(MODE|RUN|FOLDER)\b|…", command)]


@pytest.mark.parametrize("command", _commands("authlab"))
def test_every_authlab_command_that_the_docs_show_is_understood(command: str) -> None:
    words = shlex.split(command)[1:]
    if words[0].startswith("-"):
        pytest.skip("an option of the whole command")
    sub = cli.commands[words[0]]
    with click.Context(sub, info_name=words[0], resilient_parsing=False) as context:
        if "--help" in words:
            assert sub.get_help(context)
            return
        sub.parse_args(context, words[1:])
        Problems().raise_if_any()
    for name in context.params.get("experiments") or ():
        assert name in EXPERIMENTS or name in GROUPS
    if words[0] == "up":
        assert context.params["mode"] in MODES


@pytest.mark.parametrize("command", _commands("make"))
def test_every_make_target_that_the_docs_show_exists(command: str) -> None:
    makefile = (_ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{re.escape(command.split()[1])}:", makefile, re.MULTILINE)


def test_every_mode_is_in_the_readme() -> None:
    text = (_ROOT / "README.md").read_text(encoding="utf-8")
    assert all(f"| `{mode}` |" in text for mode in MODES)


def test_every_link_and_picture_of_the_docs_exists() -> None:
    for page in _PAGES:
        text = (_ROOT / page).read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            assert (_ROOT / page).parent.joinpath(target).exists() or target.startswith("http"), (page, target)
