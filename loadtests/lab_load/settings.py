"""The lab's own options of a Locust file: declared, documented in `--help`, and checked all at once."""

from __future__ import annotations

import json
import math
import os
import re
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab_load.credential import ANSWER, WAYS
from lab_load.jar import HERE
from lab_load.login import RELOGIN
from lab_load.operations import Script
from lab_load.plan import Plan, read_plan
from lab_load.site import BadAddress, Site, site_of

ADDRESSES = ("one", "own")
_MODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class BadSettings(Exception):
    """The options are not usable; the message lists all problems."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        lines = "".join(f"\n  - {problem}" for problem in problems)
        super().__init__(f"The load cannot start:{lines}\nAll options: python SCENARIO.py --help")


@dataclass(frozen=True)
class Settings:
    """Checked options. `plan` is None in plain use: one open-ended window at `rate_rps` over all users.

    `scripts` are what the users of each scenario do. `sharers`: so many users share one log-in, whatever the scenario
    says (None: as it says). `addresses`: each user says that it comes from an address of its own.
    """

    site: Site
    accounts: tuple[tuple[str, str], ...]
    plan: Plan | None
    rate_rps: float
    seed: int
    timeout_s: float
    relogin: str
    scripts: tuple[Script, ...]
    sharers: int | None
    addresses: bool
    credential: str
    recording: str | None
    mode: str | None
    workers_behind: int | None

    def mix_of(self, script: Script) -> Mapping[str, float]:
        """The shares of what users of that scenario do: the plan's, or its own."""
        return (self.plan and self.plan.mix) or script.mix

    def sharers_of(self, script: Script) -> int:
        """How many users of that scenario share one log-in."""
        return self.sharers or script.sharers

    @property
    def mix(self) -> dict[str, float]:
        """The shares over all scenarios. Where there are several, a share's name begins with its scenario's."""
        if len(self.scripts) == 1:
            return dict(self.mix_of(self.scripts[0]))
        return {f"{s.name}: {op}": share for s in self.scripts for op, share in self.mix_of(s).items()}


def add_options(parser: Any) -> None:
    """Declare the options in a group of their own.

    Values stay text here and are checked in `settings_from`, so that all problems are reported at once.
    """
    group = parser.add_argument_group("authlab", "Options of authlab's scenarios. Every request is recorded.")

    def option(flag: str, metavar: str, default: str, text: str, in_page: bool = True) -> None:
        env = "AUTHLAB_" + flag.strip("-").replace("-", "_").upper()
        action = group.add_argument(flag, metavar=metavar, default=default, env_var=env, help=f"{text} [env: {env}]")
        # The group's add_argument is argparse's: it does not know Locust's `include_in_web_ui` keyword.
        action.include_in_web_ui = in_page
        action.is_secret = action.is_required = action.is_multiple = False

    option("--credentials", "FILE", "", "JSON file with the users' names and passwords (required)", False)
    option("--rate", "RPS", "50", "Requests per second over all users and processes, Poisson arrivals. Default 50")
    option("--seed", "N", "1", "Seed of the schedule: equal seeds give equal arrivals. Default 1")
    option("--timeout-s", "S", "5", "Give a request up after so many seconds without an answer. Default 5")
    option("--relogin", "never|once|always", "never", "Log in again when the credential is refused. Default never")
    option("--sharers", "N", "", "Users who share one log-in, and its cart. Default: the scenario's own number")
    option("--addresses", "one|own", "one", "own: each user comes from an address of its own. ip-hash needs it")
    option("--mode", "MODE", "", "Mode that the host runs, for authlab compare; `authlab up` fills it in")
    option("--workers-behind", "N", "", "Workers behind the host. Default: the number that answered")
    option("--recording", "DIR", "", "New folder for the recording. Default results/runs/<UTC time>-<scenario>", False)
    option("--plan", "FILE", "", "Windows of load, written by the lab; replaces rate, seed, time-out, relogin", False)


def settings_from(options: Namespace, host: str | None, leads: bool, scripts: Sequence[Script]) -> Settings:
    """Check everything, including the scenarios' own `scripts`. Raises `BadSettings` with all problems.

    `leads` is false in Locust's workers: the master chose the number of users and made the folder.
    """
    problems = [problem for script in scripts for problem in script.problems()]
    for name in _doubles([script.name for script in scripts]) | _doubles([script.module for script in scripts]):
        problems.append(f"two files hold a scenario {name!r}, or are called {name}.py: rename one of them")
    site = HERE
    if not host:
        problems.append("no host: name the service to load, for example --host http://127.0.0.1:8080")
    else:
        try:
            site = site_of(host)
        except BadAddress as why:
            quoted = "" if "@" in host else f" {host!r}"  # it may hold a password
            problems.append(f"--host{quoted} {why}")
    accounts = _accounts(options.credentials, problems)
    rate_rps = _positive("--rate", options.rate, problems)
    timeout_s = _positive("--timeout-s", options.timeout_s, problems)
    seed = 0
    try:
        seed = int(options.seed)
    except ValueError:
        problems.append(f"--seed must be a whole number, not {options.seed!r}")
    if seed < 0:
        problems.append(f"--seed must not be negative, not {seed}")
    if options.mode and not _MODE.fullmatch(options.mode):
        problems.append(f"--mode must be a mode's name (letters, digits, - and _), not {options.mode!r}")
    sharers = _whole("--sharers", options.sharers, problems) if options.sharers else None
    workers_behind = _whole("--workers-behind", options.workers_behind, problems) if options.workers_behind else None
    if options.addresses not in ADDRESSES:
        problems.append(f"--addresses must be one of {', '.join(ADDRESSES)}, not {options.addresses!r}")
    if options.relogin not in RELOGIN:
        problems.append(f"--relogin must be one of {', '.join(RELOGIN)}, not {options.relogin!r}")
    plan = None
    if options.plan:
        plan, found = read_plan(Path(options.plan), scripts)
        problems += found
        if plan is not None and plan.relogin not in RELOGIN:
            problems.append(f"the plan's relogin must be one of {', '.join(RELOGIN)}, not {plan.relogin!r}")
        if plan is not None and plan.credential not in WAYS:
            problems.append(f"the plan's credential must be one of {', '.join(WAYS)}, not {plan.credential!r}")
        if leads and plan is not None and plan.users != (options.num_users or 1):
            problems.append(f"the plan is for {plan.users} users, but -u asks for {options.num_users or 1}")
    if leads and options.recording and not _can_create(Path(options.recording)):
        problems.append(f"the recording {options.recording} exists already, or its folder cannot be written")
    if problems:
        raise BadSettings(problems)
    return Settings(
        site=site,
        accounts=accounts,
        plan=plan,
        rate_rps=rate_rps,
        seed=plan.seed if plan else seed,
        timeout_s=plan.timeout_s if plan else timeout_s,
        relogin=plan.relogin if plan else options.relogin,
        scripts=tuple(scripts),
        sharers=sharers,
        addresses=plan.addresses if plan else options.addresses == "own",
        credential=plan.credential if plan else ANSWER,
        recording=options.recording or None,
        mode=options.mode or None,
        workers_behind=workers_behind,
    )


def _doubles(names: list[str]) -> set[str]:
    return {name for name in names if name and names.count(name) > 1}


def _positive(flag: str, text: str, problems: list[str]) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (value > 0 and math.isfinite(value)):
        problems.append(f"{flag} must be a positive number, not {text!r}")
    return value


def _whole(flag: str, text: str, problems: list[str]) -> int | None:
    if text.isascii() and text.isdecimal() and int(text) > 0:
        return int(text)
    problems.append(f"{flag} must be a whole number above zero, not {text!r}")
    return None


def _accounts(name: str, problems: list[str]) -> tuple[tuple[str, str], ...]:
    if not name:
        problems.append("no users: give --credentials FILE (`authlab up` prints it) or set AUTHLAB_CREDENTIALS")
        return ()
    try:
        users = json.loads(Path(name).read_bytes())["users"]
        accounts = tuple((str(user["username"]), str(user["password"])) for user in users)
    except OSError as error:
        problems.append(f"the credentials cannot be read: {error}")
        return ()
    except (ValueError, KeyError, TypeError):
        # The text of the error is left out, because it may quote the file, and the file holds passwords.
        problems.append(f'{name} does not hold credentials: {{"users": [{{"username": …, "password": …}}, …]}}')
        return ()
    if not accounts:
        problems.append(f"{name} holds no users")
    return accounts


def _can_create(folder: Path) -> bool:
    if folder.exists() and (not folder.is_dir() or (folder / "recording.json").exists()):
        return False
    parent = folder
    while not parent.exists() and parent != parent.parent:
        parent = parent.parent
    return os.access(parent, os.W_OK | os.X_OK)
