"""The docs are whole: links resolve; modes, experiments, settings and limits have their place; commands parse."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from dataclasses import asdict
from functools import cache
from pathlib import Path

import click
import pytest

from authlab.checkers import guards
from authlab.cli.main import cli
from authlab.experiments.browser import BROWSER_EXPERIMENTS
from authlab.experiments.catalogue import EXPERIMENTS, GROUPS
from authlab.experiments.options import Options
from authlab.model.modes import MODES

_ROOT = Path(__file__).resolve().parents[2]
_DOCS = _ROOT / "docs"
_INDEX = _DOCS / "README.md"
_NOT_OURS = {"build", "dist", "node_modules", "runs"}


def _all_pages() -> list[Path]:
    """Every Markdown file of the checkout, wherever it is."""
    found = [page.relative_to(_ROOT) for page in _ROOT.rglob("*.md")]
    return sorted(p for p in found if not any(part.startswith(".") or part in _NOT_OURS for part in p.parts))


def _prose(page: Path) -> str:
    """The page without its fenced code."""
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def _links(page: Path) -> list[str]:
    """Targets of links and pictures that are not on the web."""
    text = re.sub(r"`[^`\n]*`", "", _prose(page))
    found = re.findall(r"\]\(\s*<?([^)\s>]+)>?[^)]*\)", text) + re.findall(r"^\[[^\]]+\]:\s*(\S+)", text, re.MULTILINE)
    return [target for target in found if not re.match(r"[a-z][a-z0-9+.-]*:", target)]


@cache
def _anchors(page: Path) -> frozenset[str]:
    """The anchors that GitHub gives a page's headings: small letters, no punctuation, blanks as hyphens."""
    seen: Counter[str] = Counter()
    found = set()
    for heading in re.findall(r"^#{1,6} +(.+?) *#*$", _prose(page), re.MULTILINE):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return frozenset(found)


def _rows(page: Path) -> list[list[str]]:
    """The cells of every table row of a page."""
    lines = re.findall(r"^\|(.*)\|$", _prose(page), re.MULTILINE)
    return [[cell.strip() for cell in line.split("|")] for line in lines]


def _row(page: Path, first: str) -> list[str]:
    """The one row whose first cell is `first`."""
    found = [row for row in _rows(page) if row[0] == first]
    assert len(found) == 1, f"{page.relative_to(_ROOT)} has {len(found)} table rows that begin with {first}"
    return found[0]


# Links


@pytest.mark.parametrize("page", _all_pages(), ids=str)
def test_every_link_and_anchor_resolves(page: Path) -> None:
    broken = []
    for target in _links(_ROOT / page):
        path, _, anchor = target.partition("#")
        file = (_ROOT / page).parent / path if path else _ROOT / page
        if not file.exists() or _ROOT not in file.resolve().parents:
            broken.append(target)
        elif anchor and anchor not in _anchors(file.resolve()):
            broken.append(f"{target} (there is {', '.join(sorted(_anchors(file.resolve())))})")
    assert not broken


def test_every_page_is_reachable_from_the_index() -> None:
    reached, left = {_INDEX}, [_INDEX]
    while left:
        page = left.pop()
        for target in _links(page):
            file = (page.parent / target.partition("#")[0]).resolve()
            if file.suffix == ".md" and file.exists() and _DOCS in file.parents and file not in reached:
                reached.add(file)
                left.append(file)
    assert set(_DOCS.rglob("*.md")) - reached == set()


def test_the_readme_leads_to_the_docs() -> None:
    assert "docs/README.md" in _links(_ROOT / "README.md")


# Pages


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_has_its_page_and_the_index_its_row(mode: str) -> None:
    page = _DOCS / "modes" / f"{mode}.md"
    assert page.read_text(encoding="utf-8").startswith(f"# Mode `{mode}`\n")
    assert _row(_INDEX, f"[`{mode}`](modes/{mode}.md)")
    wanted = {"how-it-works", "what-it-promises", "when-to-use-it", "what-breaks-it", "try-it", "settings"}
    assert wanted | {"security-requirements"} <= _anchors(page)


@pytest.mark.parametrize("mode", MODES)
def test_a_modes_page_promises_what_its_traits_do(mode: str) -> None:
    page = _DOCS / "modes" / f"{mode}.md"
    told = {name: _row(page, f"`{name}`")[1] for name in asdict(MODES[mode].traits)}
    assert told == {name: "yes" if value else "no" for name, value in asdict(MODES[mode].traits).items()}


@pytest.mark.parametrize("mode", MODES)
def test_a_modes_page_draws_its_request_and_says_it_in_words(mode: str) -> None:
    text = (_DOCS / "modes" / f"{mode}.md").read_text(encoding="utf-8")
    (drawing,) = re.findall(r"```mermaid\nsequenceDiagram\n(.*?)```\n\nIn words: ", text, re.DOTALL)
    assert {"nginx", "worker-1", "worker-2"} <= set(re.findall(r"[\w-]+", drawing))
    assert ";" not in drawing, "to Mermaid a semicolon ends the line"
    assert ("Redis" in drawing) == MODES[mode].needs_store


@pytest.mark.parametrize("mode", MODES)
def test_a_modes_page_shows_its_security_requirements(mode: str) -> None:
    assert f"<!-- security: {mode} -->" in (_DOCS / "modes" / f"{mode}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("experiment", [name for name in EXPERIMENTS if name not in BROWSER_EXPERIMENTS])
def test_every_experiment_has_its_page_with_its_claim(experiment: str) -> None:
    page = _DOCS / "experiments" / f"{experiment}.md"
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# Experiment `{experiment}`\n\n**The claim:** {EXPERIMENTS[experiment].claim}.")
    wanted = {"the-prediction", "how-it-is-measured", "what-came-out", "the-verdict"}
    assert wanted <= _anchors(page)
    assert any(anchor.startswith("how-to-read") for anchor in _anchors(page))
    assert _row(_INDEX, f"[{experiment}](experiments/{experiment}.md)")[1] == EXPERIMENTS[experiment].claim


@pytest.mark.parametrize("experiment", BROWSER_EXPERIMENTS)
def test_every_experiment_of_the_browser_lab_has_its_section_with_its_claim(experiment: str) -> None:
    page = _DOCS / "experiments" / "browser.md"
    assert experiment in _anchors(page)
    _, _, section = page.read_text(encoding="utf-8").partition(f"\n## `{experiment}`\n\n")
    claim = BROWSER_EXPERIMENTS[experiment].claim
    assert " ".join(section.split()).startswith(f"**The claim:** {claim}.")
    assert "**The prediction.**" in section.partition("\n## ")[0]
    assert _row(_INDEX, f"[{experiment}](experiments/browser.md#{experiment})")[1] == claim


# Settings and limits


def _settings_source() -> str:
    return "".join((_ROOT / "services" / name).read_text() for name in ("settings.py", "gunicorn_conf.py"))


@pytest.mark.parametrize("name", sorted(set(re.findall(r'"(AUTHLAB_[A-Z_]+)"', _settings_source()))))
def test_every_setting_of_the_service_is_documented_with_its_default(name: str) -> None:
    row = _row(_DOCS / "settings.md", f"`{name}`")
    whole = re.search(rf'_whole\("{name}", ([\d_]+), ([\d_]+), ([\d_]+)\)', _settings_source())
    if whole:
        default, least, most = (int(text) for text in whole.groups())
        assert row[1:3] == [str(default), f"{least} to {most}"]
        return
    text = re.search(rf'(?:_matching|get)\("{name}", "([^"]*)"', _settings_source())
    if text and text[1]:
        assert row[1] == f"`{text[1]}`"


def test_no_setting_is_documented_that_the_service_does_not_read() -> None:
    told = [row[0].strip("`") for row in _rows(_DOCS / "settings.md") if row[0].startswith("`AUTHLAB_")]
    assert set(told) == set(re.findall(r'"(AUTHLAB_[A-Z_]+)"', _settings_source()))


@pytest.mark.parametrize("name", [n for n, v in vars(guards).items() if n[0] != "_" and isinstance(v, int | float)])
def test_every_limit_of_the_guards_is_in_the_method_page(name: str) -> None:
    rows = [row for row in _rows(_DOCS / "method.md") if f"`{name}`" in row]
    assert len(rows) == 1, f"docs/method.md, table of guards: {len(rows)} rows name {name}"
    said = re.match(r"([\d.,]+)( %)?", rows[0][1])
    assert said, f"the second cell of {name}'s row must begin with the limit"
    value = float(said[1].replace(",", "")) / (100 if said[2] else 1)
    assert value == pytest.approx(getattr(guards, name))


# Commands


def _commands() -> list[str]:
    """`authlab …` lines of the docs, in shell blocks and in the prose, where they have arguments.

    Those of docs/extending.md run modes and experiments that its reader adds: its own test adds them.
    """
    found: list[str] = []
    for page in sorted(set(_DOCS.rglob("*.md")) - {_DOCS / "extending.md"}):
        text = page.read_text(encoding="utf-8")
        blocks = re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        found += [line for block in blocks for line in block.splitlines() if line.startswith("authlab ")]
        found += re.findall(r"`(authlab [^`…]+)`", _prose(page))
    found = [line for line in found if len(line.split()) > 2 or line == "authlab run"]
    return [line for line in dict.fromkeys(found) if not re.search(r"\b[A-Z]{2,}\b", line)]


@pytest.mark.parametrize("command", _commands())
def test_every_authlab_command_of_the_docs_is_understood(command: str) -> None:
    words = shlex.split(command)[1:]
    sub = cli.commands[words[0]]
    with click.Context(sub, info_name=words[0]) as context:
        sub.parse_args(context, words[1:])
    assert all(name in EXPERIMENTS or name in GROUPS for name in context.params.get("experiments") or ())
    assert context.params.get("mode", "none") in MODES or words[0] != "up"


def test_every_compose_file_that_the_docs_show_exists() -> None:
    shown = {file for page in _DOCS.rglob("*.md") for file in re.findall(r"docker compose -f (\S+)", page.read_text())}
    assert shown >= {f"compose/{mode}.yml" for mode in MODES}
    assert [file for file in shown if not (_ROOT / file).is_file()] == []


def test_the_length_of_a_slice_and_of_its_warm_up_are_in_the_method_page() -> None:
    text = " ".join((_DOCS / "method.md").read_text(encoding="utf-8").split())
    assert "slices of a quarter of a second" in text
    assert Options().slice_s == 0.25
    assert f"The first {Options().warmup_s * 1000:.0f} ms of a slice are warm-up" in text
