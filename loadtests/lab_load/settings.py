"""The lab's own options of a Locust file: declared, documented in `--help`, and checked all at once."""

from __future__ import annotations

import json
import math
import os
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lab_load.plan import Plan, read_plan

DEFAULT_MIX = {"me": 0.7, "cart": 0.2, "add": 0.1}
RELOGIN = ("never", "once")


class BadSettings(Exception):
    """The options cannot be used; the message lists all problems."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        lines = "".join(f"\n  - {problem}" for problem in problems)
        super().__init__(f"The load cannot start:{lines}\nAll options: python SCENARIO.py --help")


@dataclass(frozen=True)
class Settings:
    """Checked options. `plan` is None in plain use: one open-ended window at `rate_rps` over all users."""

    accounts: tuple[tuple[str, str], ...]
    plan: Plan | None
    rate_rps: float
    seed: int
    timeout_s: float
    relogin: str
    mix: dict[str, float]
    recording: str | None


def add_options(parser: Any) -> None:
    """Declare the options in a group of their own.

    Values stay text here and are checked in `settings_from`, so that all problems can be told at once.
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
    option("--timeout-s", "S", "5", "Seconds without an answer after which a request is given up. Default 5")
    option("--relogin", "never|once", "never", "What a user does whose credential is refused. Default never")
    option("--recording", "DIR", "", "New folder for the recording. Default results/runs/<UTC time>-<scenario>", False)
    option("--plan", "FILE", "", "Windows of load, written by the lab; replaces rate, seed, time-out, relogin", False)


def settings_from(options: Namespace, host: str | None, leads: bool) -> Settings:
    """Check everything; raises `BadSettings` with all problems.

    `leads` is false in Locust's workers: the master chose the number of users and made the folder.
    """
    problems: list[str] = []
    if not host:
        problems.append("no host: say which service to load, --host http://127.0.0.1:8080")
    elif not _is_base_url(host):
        problems.append(f"--host must be like http://127.0.0.1:8080, not {host!r}")
    accounts = _accounts(options.credentials, problems)
    rate_rps = _positive("--rate", options.rate, problems)
    timeout_s = _positive("--timeout-s", options.timeout_s, problems)
    seed = 0
    try:
        seed = int(options.seed)
    except ValueError:
        problems.append(f"--seed must be a whole number, not {options.seed!r}")
    if options.relogin not in RELOGIN:
        problems.append(f"--relogin must be one of {', '.join(RELOGIN)}, not {options.relogin!r}")
    plan = None
    if options.plan:
        plan, found = read_plan(Path(options.plan))
        problems += found
        if plan is not None and plan.relogin not in RELOGIN:
            problems.append(f"the plan's relogin must be one of {', '.join(RELOGIN)}, not {plan.relogin!r}")
        if leads and plan is not None and plan.users != (options.num_users or 1):
            problems.append(f"the plan is for {plan.users} users, but -u asks for {options.num_users or 1}")
    if leads and options.recording and not _can_create(Path(options.recording)):
        problems.append(f"the recording {options.recording} exists already, or its folder cannot be written")
    if problems:
        raise BadSettings(problems)
    return Settings(
        accounts=accounts,
        plan=plan,
        rate_rps=rate_rps,
        seed=plan.seed if plan else seed,
        timeout_s=plan.timeout_s if plan else timeout_s,
        relogin=plan.relogin if plan else options.relogin,
        mix=plan.mix if plan else DEFAULT_MIX,
        recording=options.recording or None,
    )


def _is_base_url(host: str) -> bool:
    try:
        url = urlsplit(host)
        return url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:  # a port that is no number
        return False


def _positive(flag: str, text: str, problems: list[str]) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (value > 0 and math.isfinite(value)):
        problems.append(f"{flag} must be a positive number, not {text!r}")
    return value


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
        # The text of the error is left out: it may quote the file, and the file holds passwords.
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
