"""The scenarios: Locust files that say what users do, the shipped ones and the user's own."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from authlab.host.content import content_root
from authlab.model.errors import UsageProblem, nearest

DEFAULT: Final = "browse"
_SUFFIX: Final = ".py"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")


@dataclass(frozen=True)
class Scenario:
    """A Locust file. `name` is its file name without the suffix."""

    name: str
    path: Path

    @property
    def shipped(self) -> bool:
        """Whether it is one of the lab's own."""
        return self.path.parent == library()

    def fingerprint(self) -> str:
        """SHA-256 of the file, in hexadecimal, because a name doesn't say which version of a file was run."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()


def library() -> Path:
    """The folder of the shipped scenarios, which also holds the recorder that every scenario imports."""
    return content_root() / "loadtests"


def scenario_from_word(word: str) -> Scenario:
    """The scenario for a word on the command line: the name of a shipped one, or a Locust file's path.

    Raises `UsageProblem`: an unknown name (with the nearest match), or a file that is missing, is not Python, or has a
    name that can't be a recording's name.
    """
    if not word.endswith(_SUFFIX) and os.sep not in word:
        shipped = {path.stem: path for path in sorted(library().glob(f"*{_SUFFIX}"))}
        if word not in shipped:
            raise nearest("scenario", word, shipped)
        return Scenario(word, shipped[word])
    path = Path(word).absolute()
    try:
        compile(path.read_bytes(), word, "exec", dont_inherit=True)
    except OSError as error:
        raise UsageProblem(f"the scenario {word} can't be read: {error.strerror}") from error
    except (SyntaxError, ValueError) as error:
        raise UsageProblem(f"the scenario {word} is not Python: {error}") from error
    if path.suffix != _SUFFIX or not _NAME.fullmatch(path.stem):
        raise UsageProblem(
            f"the scenario {word} needs another file name: at most 32 letters, digits, - and _, and then {_SUFFIX}"
        )
    return Scenario(path.stem, path)
