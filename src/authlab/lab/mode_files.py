"""A mode of the user's own, read from a TOML file. All problems of the file are reported at once."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any, Final, TypeVar

from authlab.model.declarations import usual_mode
from authlab.model.errors import UsageProblem, nearest
from authlab.model.mode import CREDENTIALS, App, Credential, Mode, Signature, Traits
from authlab.model.modes import MODES, ROUTINGS, mode_named
from authlab.model.windows import AGAIN

SUFFIX: Final = ".toml"
"""A word on the command line that ends in this is the path of a mode file, not a mode's name."""

KEYS: Final = (
    *("name", "note", "app", "state", "routing", "needs_store", "credential", "signs", "after_logout", "traits"),
)
_TRAITS: Final = tuple(trait.name for trait in fields(Traits))
_STATES: Final = tuple(dict.fromkeys(mode.state for mode in MODES.values()))
_ALGORITHMS: Final = tuple(dict.fromkeys(mode.signature.algorithm for mode in MODES.values() if mode.signature))
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,31}")
_TARGET: Final = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")

# gunicorn takes the folders to import from as one text, separated by commas.
_SEPARATOR: Final = ","

_Kind = TypeVar("_Kind", str, bool)


def mode_from_word(word: str) -> Mode:
    """The mode for a word on the command line: a built-in mode's name, or a mode file's path.

    Raises `UsageProblem` for an unknown name (with the nearest match), or with all problems of the file.
    """
    return read_mode_file(Path(word)) if word.endswith(SUFFIX) else mode_named(word)


def read_mode_file(path: Path) -> Mode:
    """The mode that the TOML file at `path` declares. Raises one `UsageProblem` with all of its problems."""
    try:
        body = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageProblem(f"the mode file {path} can't be read: {error.strerror}") from error
    except ValueError as error:  # not TOML, or not UTF-8
        raise UsageProblem(f"the mode file {path} is not TOML: {error}") from error
    reader = _Reader(body, path.absolute().parent)
    mode = reader.mode()
    if reader.problems:
        raise UsageProblem(f"the mode file {path}: " + "; ".join(reader.problems))
    return mode


class _Reader:
    """Reads one key after the other, and collects problems instead of stopping at the first."""

    def __init__(self, body: Mapping[str, Any], folder: Path) -> None:
        self._body = body
        self._folder = folder
        self.problems: list[str] = []

    def mode(self) -> Mode:
        """The mode, valid only if there are no problems."""
        self._known(self._body, "key", KEYS)
        app, state = self._app(), self._state()
        if not app and "state" not in self._body:
            self.problems.append('app = "module:factory" is missing, or the state of a built-in mode')
        needs_store = self._needs_store(state, app is not None)
        routing = self._chosen("routing", "round-robin", ROUTINGS)
        usual = usual_mode(self._name(), state, routing, app=app, needs_store=needs_store)
        return replace(
            usual,
            note=self._value("note", str, usual.note),
            traits=self._traits(usual.traits),
            credential=self._credential(usual),
            signature=self._signature(usual),
            after_logout=self._value("after_logout", str, usual.after_logout),
        )

    def _name(self) -> str:
        name = self._value("name", str, None)
        if name and not _NAME.fullmatch(name):
            self.problems.append(f"the name {name!r} must be 1 to 32 of a-z, 0-9 and -, and begin with a letter")
        if name.endswith(AGAIN):
            self.problems.append(f"the name {name!r} must not end in {AGAIN!r}, which marks the second of an A/A pair")
        if name in MODES:
            self.problems.append(f"a built-in mode has the name {name!r}; choose another")
        return name

    def _app(self) -> App | None:
        target = self._value("app", str, "")
        if not target:
            return None
        if not _TARGET.fullmatch(target):
            self.problems.append(f'app must be like "module:factory", not {target!r}')
            return None
        if _SEPARATOR in str(self._folder):
            self.problems.append(f"no app can be served from {self._folder}, because its path has a comma: move it")
        top = target.partition(":")[0].partition(".")[0]
        if PathFinder.find_spec(top, [str(self._folder)]) is None and PathFinder.find_spec(top) is None:
            self.problems.append(f"app names the module {top!r}, which is neither in {self._folder} nor installed")
        return App(target, os.fspath(self._folder))

    def _state(self) -> str:
        return self._chosen("state", "none", _STATES)

    def _needs_store(self, state: str, app: bool) -> bool:
        built_in = any(mode.needs_store for mode in MODES.values() if mode.state == state)
        wanted = self._value("needs_store", bool, built_in)
        if wanted != built_in and (built_in or not app):
            self.problems.append(f"state = {state!r} {'needs' if built_in else 'does not use'} a store")
        return wanted

    def _credential(self, usual: Mode) -> Credential:
        chosen = self._chosen("credential", usual.credential, CREDENTIALS)
        self._only_an_app_chooses("credential", chosen, usual, usual.credential)
        return next(each for each in CREDENTIALS if each == chosen)

    def _signature(self, usual: Mode) -> Signature | None:
        if "signs" not in self._body:
            return usual.signature
        algorithm = self._chosen("signs", _ALGORITHMS[0], _ALGORITHMS)
        built_in = usual.signature.algorithm if usual.signature else "nothing"
        self._only_an_app_chooses("signs", algorithm, usual, built_in)
        return Signature(algorithm)

    def _only_an_app_chooses(self, key: str, chosen: str, usual: Mode, built_in: str) -> None:
        if usual.app is None and "app" not in self._body and chosen != built_in:
            self.problems.append(
                f"{key} = {chosen!r} contradicts state = {usual.state!r}, for which it is {built_in!r}: leave it out"
            )

    def _traits(self, usual: Traits) -> Traits:
        table = self._body.get("traits", {})
        if not isinstance(table, dict):
            self.problems.append("traits must be a table: [traits]")
            return usual
        self._known(table, "trait", _TRAITS)
        given = {name: value for name, value in table.items() if name in _TRAITS}
        self.problems += [
            f"the trait {name} must be true or false, not {value!r}"
            for name, value in given.items()
            if not isinstance(value, bool)
        ]
        return Traits(**(asdict(usual) | given))

    def _known(self, table: Mapping[str, Any], kind: str, names: Sequence[str]) -> None:
        self.problems += [str(nearest(kind, name, names)) for name in table if name not in names]

    def _chosen(self, key: str, default: str, known: Sequence[str]) -> str:
        value = self._value(key, str, default)
        if value not in known:
            self.problems.append(str(nearest(key, value, known, f"{key} takes")))
            return default
        return value

    def _value(self, key: str, kind: type[_Kind], default: _Kind | None) -> _Kind:
        """The value of `key`, which is required if there is no default. `kind` is `str` or `bool`."""
        value = self._body.get(key, default)
        if isinstance(value, kind):
            return value
        what = "text" if kind is str else "true or false"
        self.problems.append(f"{key} is missing" if value is None else f"{key} must be {what}, not {value!r}")
        return kind() if default is None else default
