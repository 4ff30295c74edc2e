"""Every command that the docs show, and how a test runs it. A command that fits no row of the table fails the tests.

docs/extending.md is left out: its commands need the files that the page shows, and test_extending.py runs them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PAGES: Final = (
    "README.md",
    "CONTRIBUTING.md",
    "results/README.md",
    "compose/README.md",
    *sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md") if page.name != "extending.md"),
)
_FENCE: Final = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
_SHELL: Final = ("sh", "bash", "shell", "console")
_PROGRAMS: Final = ("authlab", "locust", "make", "docker", "python", "pip", "curl")
_ASIDE: Final = re.compile(rf"`((?:{'|'.join(_PROGRAMS)}) [^`]+)`")
_PLACEHOLDER: Final = re.compile(r"\b(?:MODE|RUN|FOLDER|DIR|HOST|FILE)\b|….*$")


@dataclass(frozen=True)
class Block:
    """A fenced block of shell lines, or (`number` 0) the commands that a page mentions in its prose."""

    page: str
    number: int
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}, {f'block {self.number}' if self.number else 'prose'}"


@dataclass(frozen=True)
class Run:
    """Run as it is, with `more` appended (options that shorten it), after `first`, which its reader has done already.
    Must end well.
    """

    more: str = ""
    first: str = ""


@dataclass(frozen=True)
class Begin:
    """Run as it is until it says `until`, then Ctrl-C: must clean up and end with `code`."""

    until: str
    code: int = 0
    more: str = ""


@dataclass(frozen=True)
class Planned:
    """A run that differs from one that is begun only in its experiment or in its options: it is planned and predicted,
    and not begun.
    """


@dataclass(frozen=True)
class Recipe:
    """A target of the Makefile: what make would do must contain `does`."""

    does: str


@dataclass(frozen=True)
class Elsewhere:
    """Another test runs it: `file` has `words`, which make sure that it still does."""

    file: str
    words: str


@dataclass(frozen=True)
class Never:
    """No test runs it, for a reason."""

    why: str


Way = Run | Begin | Planned | Recipe | Elsewhere | Never

_SHORT: Final = "--blocks 2 --slice 0.2s --users 6"
_PLAIN: Final = "tests/compose/test_plain.py"
_TRY: Final = "tests/docs/test_try_it.py"

TABLE: Final[tuple[tuple[str, Way], ...]] = (
    # a run of each kind to its end, some until they have begun; all others differ in experiment or options alone
    (r"authlab run --quick", Run(f"{_SHORT} --workers 2")),
    (r"authlab run round-robin-breaks-memory", Run("--blocks 1 --users 6 --mode memory")),
    (r"authlab run --mode redis --fault crash-worker@2s", Run("--users 6 --rate 60 --workers 2 --repeat 1")),
    (r"authlab run --help", Run()),
    (r"authlab run .*--stack compose.*", Elsewhere("tests/compose/test_lab.py", '"run", "three-modes"')),
    (r"authlab calibrate --quick", Elsewhere("tests/stack/test_calibrate.py", '"calibrate", "--quick"')),
    (r"authlab calibrate", Begin("starting ", 130)),
    (r"authlab up .*--stack compose.*", Elsewhere("tests/compose/test_lab.py", '"up", "sticky", "--stack", "compose"')),
    (r"authlab run( faults| browser| --until .+| worker-crash| .+ --fault .+ --fault .+)?", Begin("starting ", 130)),
    (r"authlab run .+", Planned()),
    (r"authlab up [a-z-]+ --port 8080", Elsewhere(_TRY, 'assert up == f"authlab up {mode} --port 8080')),
    (r"authlab up .+ --browser", Begin("by hand")),  # its last words: the sites are up then, too
    (r"authlab up [a-z-]+", Elsewhere(_TRY, 'assert up == f"authlab up {mode} --port 8080')),
    (r"authlab up .+", Begin("is up at ")),
    (r"authlab (list|doctor)", Run()),
    (r"authlab report .+", Run()),
    (r"authlab compare latest results/reference/.+", Run(first=f"authlab run --mode jwt {_SHORT}")),
    (r"authlab compare latest .+", Run(first=f"authlab run --mode jwt {_SHORT} --workers 2")),
    (r"authlab clean .+", Run()),
    (r"locust -f loadtests/browse\.py .+", Run("--headless -u 5 -r 5 --run-time 4s")),  # its page's button, pressed
    (r"locust --help|python loadtests/browse\.py --help", Run()),
    (r"make lab", Recipe(".venv/bin/authlab run")),
    (r"make quick", Recipe(".venv/bin/authlab run --quick")),
    (r"make bench", Recipe("tests/bench/everything.py")),
    (r"python tests/bench/modes_and_peers\.py .+", Never("it takes minutes; make bench runs it with the others")),
    (r"make browser", Recipe(".venv/bin/authlab run browser")),
    (r"pip install 'authlab\[browser\]'", Never("no index has it yet; the tests install the same packages")),
    (r"make check", Recipe(".venv/bin/mypy")),
    (r"make test", Recipe(".venv/bin/pytest")),
    (r"make test-fast", Recipe(".venv/bin/pytest -q tests/unit")),
    (r"make generated", Recipe("-m tests.generated --write")),
    (r"git clone .+", Never("it fetches what is being tested")),
    (r"docker compose -f compose/\w[\w-]*\.yml up --build", Elsewhere(_PLAIN, '"up", "--detach", "--build"')),
    (r"docker compose .+ up --detach --no-recreate --scale worker=5", Elsewhere(_PLAIN, '"--scale", "worker=5"')),
    (r"docker compose .+ down --volumes", Elsewhere(_PLAIN, '"down", "--volumes"')),
    (r"docker compose .+ cp keys:/run/authlab/load/credentials\.json .+", Elsewhere(_PLAIN, '"cp", "keys:')),
    (r"AUTHLAB_UID=.+ docker compose .+ --profile load up .+", Elsewhere(_PLAIN, '"--profile", "load", "up"')),
    (r"AUTHLAB_REDIS_HOST=link docker compose .+ --profile link up .+", Elsewhere(_PLAIN, '"--profile", "link", "up"')),
    (r"echo '.+' \| docker compose .+ exec -T link .+", Elsewhere(_PLAIN, '"exec", "-T", "link"')),
    # the lines of a mode's page and of the settings page belong together, and are run together
    (r"(for n in [\d ]+; do )?curl .+", Elsewhere(_TRY, '"Try it", "sh"')),
    (r"sed .+ \$LAB/.+", Elsewhere(_TRY, '"Try it", "sh"')),
    (r"python -I compose/keys/keys\.py .+", Elsewhere(_TRY, '"One worker by hand", "sh"')),
    (r"AUTHLAB_STATE=\w+ .+gunicorn .+", Elsewhere(_TRY, '"One worker by hand", "sh"')),
)


def way_of(line: str) -> Way | None:
    """How a test runs the command: the first row of the table that fits it whole."""
    return next((way for pattern, way in TABLE if re.fullmatch(pattern, line)), None)


def blocks() -> Iterator[Block]:
    """Every block of commands, page by page, then what the page mentions in its prose."""
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        fenced = [_lines(body) for kind, body in _FENCE.findall(text) if kind in _SHELL]
        yield from (Block(page, number, lines) for number, lines in enumerate(fenced, 1))
        if aside := tuple(_asides(_FENCE.sub("", text))):
            yield Block(page, 0, aside)


def _lines(body: str) -> tuple[str, ...]:
    """The commands of a block: continued lines joined, comments and empty lines left out."""
    joined = re.sub(r"\\\n\s*", "", body)
    lines = (line.strip() for line in joined.splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def _asides(prose: str) -> Iterator[str]:
    """Commands between backticks that can be run. What has a placeholder names a command and is none."""
    for text in dict.fromkeys(_ASIDE.findall(prose)):
        if not _PLACEHOLDER.search(text) and text not in ("authlab up", "authlab report", "authlab compare"):
            yield text
