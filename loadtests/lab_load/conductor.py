"""Connects a scenario to Locust: its options, and what happens when a test starts, is ready, ends, or is cut off.

Locust calls at several moments and in several processes. One process leads (the only one, or the master). It checks the
options and makes the recording's folder. It passes both to the workers by adding them to the options that Locust sends
with each job. Forked workers (`--processes`) and those on other machines (`--worker`) therefore agree without any
messages of their own.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gevent
from locust.runners import MasterRunner, WorkerRunner

from lab_load.crew import Crew, dispatch_order
from lab_load.operations import DEFAULT_MIX, Operation, Script
from lab_load.recording import Head, settle_folder
from lab_load.session import Session
from lab_load.settings import BadSettings, Settings, add_options, settings_from

logger = logging.getLogger("authlab")

EXIT_USAGE = 64
EXIT_CANNOT_WRITE = 73
_HOST_OF_THE_PAGE = "http://chosen.in.the.web.page"
_READY_POLL_S = 0.02
_FINISH_WITHIN_S = 1.0
"""How long requests under way may take to finish when a test ends, unless `--stop-timeout` says otherwise."""


_CONDUCTORS: dict[int, _Conductor] = {}
"""The one conductor of this process, by Locust's own object of events."""


def register(
    events: Any,
    scenario: str,
    operations: Mapping[str, Operation] | None = None,
    mix: Mapping[str, float] = DEFAULT_MIX,
    sharers: int = 1,
) -> None:
    """Listen to Locust's events for the scenario of that name.

    `operations` are those that it adds to `me`, `cart` and `add`; `mix` has the shares of everything its users do;
    each `sharers` users in a row share one log-in. Problems in them are reported, with all others, when Locust starts.
    Several files may register: Locust then runs the users of all of them, and they leave one recording.
    """
    caller = sys._getframe(1).f_globals
    script = Script(scenario, operations or {}, mix, sharers, caller["__name__"], caller.get("__file__") or "")
    known = _CONDUCTORS.get(id(events))
    if known is not None:
        known.add(script)
        return
    conductor = _CONDUCTORS[id(events)] = _Conductor(script)
    events.init_command_line_parser.add_listener(lambda parser, **_: add_options(parser))
    events.init.add_listener(conductor.on_init)
    events.test_start.add_listener(conductor.on_test_start)
    events.spawning_complete.add_listener(conductor.on_spawning_complete)
    events.test_stop.add_listener(conductor.on_test_stop)
    events.quitting.add_listener(conductor.on_quitting)


def _interrupt_main() -> None:
    """Handle Ctrl-C where Locust waits for it. Python would raise it in whichever greenlet runs. In a user it would
    only end that user, and Locust would go on.
    """
    gevent.get_hub().parent.throw(KeyboardInterrupt)


class _Conductor:
    def __init__(self, script: Script) -> None:
        self._registered = [script]
        self._environment: Any = None
        self._session: Session | None = None
        self._head: Head | None = None
        self._spawned = False
        self._quitting = False
        self._follower: gevent.Greenlet | None = None

    def add(self, script: Script) -> None:
        """One more scenario. A file that Locust reads twice counts once."""
        place = (script.module, script.file)
        self._registered = [known for known in self._registered if (known.module, known.file) != place] + [script]

    @property
    def _scripts(self) -> list[Script]:
        """The scenarios whose users take part, in the order in which they were registered; all, if that is unknown."""
        classes = [base for user in self._environment.user_classes for base in user.__mro__]
        modules = {one.__module__ for one in classes}
        return [script for script in self._registered if script.module in modules] or self._registered

    def on_init(self, environment: Any, **_: Any) -> None:
        """Refuse bad options before anything starts. Workers get theirs from the master, with the first job."""
        self._environment = environment
        gevent.signal_handler(signal.SIGINT, _interrupt_main)
        if isinstance(environment.runner, WorkerRunner):
            return
        host = environment.host
        if not environment.parsed_options.headless:
            host = host or _HOST_OF_THE_PAGE
        self._checked_settings(host)

    def on_test_start(self, environment: Any, **_: Any) -> None:
        """A test begins (in the web page there may be several, one after the other)."""
        runner, options = environment.runner, environment.parsed_options
        leads = not isinstance(runner, WorkerRunner)
        settings = self._checked_settings(environment.host)
        if settings is None:
            return
        environment.process_exit_code = None  # forget an exit code that the web page requested before
        if leads:
            self._lead(runner, options, settings)
        environment.stop_timeout = environment.stop_timeout or _FINISH_WITHIN_S
        folder = Path(options.lab_folder)
        if isinstance(runner, MasterRunner):
            return  # it sends no requests
        if not leads and not (folder / "recording.json").exists():
            folder.mkdir(parents=True, exist_ok=True)
            self._head = Head(folder, self._facts(settings, options.lab_users))
        crew = Crew(
            options.lab_workers,
            runner.client_id if options.lab_workers != ["local"] else "local",
            max(runner.worker_index, 0),
        )
        self._spawned = False
        self._session = environment.authlab = Session(settings, folder, crew, options.lab_users)
        self._session.open(self._plan_done, self._trouble)
        self._follower = gevent.spawn(self._announce_when_ready, self._session)

    def on_spawning_complete(self, user_count: int, **_: Any) -> None:
        """All users have started: `user_count` over all processes. The number may differ from that at the start."""
        self._spawned = True
        if self._session and user_count:
            self._session.users = user_count

    def on_test_stop(self, **_: Any) -> None:
        """The test is over, or was cut off: write what is left, and say which."""
        session, head = self._session, self._head
        self._session = self._head = None
        if self._follower:
            self._follower.kill(block=False)
        if session:
            self._write_down(session.close)
        if head:
            self._write_down(lambda: head.finish("interrupted" if self._was_cut_off(session) else "finished"))

    def on_quitting(self, **_: Any) -> None:
        """Locust is about to end. If a signal is the reason, this comes before the test's stop; otherwise after it."""
        self._quitting = True

    def _was_cut_off(self, session: Session | None) -> bool:
        """Whether something else should have ended the test: the plan, the run time, the page's stop button.

        Headless without a time limit, a signal is the normal way to end it.
        """
        options = self._environment.parsed_options
        if options.plan:
            return session is not None and not session.plan_done
        return self._quitting and bool(options.run_time or not options.headless)

    def _lead(self, runner: Any, options: Any, settings: Settings) -> None:
        """Decide what all processes must agree on."""
        folder = settle_folder(settings.recording, _name(settings))
        options.lab_folder = str(folder)
        options.lab_users = settings.plan.users if settings.plan else max(1, runner.target_user_count)
        options.lab_workers = ["local"]
        if isinstance(runner, MasterRunner):
            clients = runner.clients
            options.lab_workers = dispatch_order(
                client.id for client in [*clients.ready, *clients.spawning, *clients.running]
            )
        self._head = Head(folder, self._facts(settings, options.lab_users))
        logger.info("Recording to %s", folder)

    def _facts(self, settings: Settings, users: int) -> dict[str, Any]:
        return {
            "scenario": _name(settings),
            "host": settings.site.base,
            "mode": settings.mode,
            "workers_behind": settings.workers_behind,
            "seed": settings.seed,
            "users": users,
            "rate_rps": None if settings.plan else settings.rate_rps,
            "parameters": {
                "mix": settings.mix,
                "timeout_s": settings.timeout_s,
                "relogin": settings.relogin,
                "sharers": max(settings.sharers_of(script) for script in settings.scripts),
                "addresses": "own" if settings.addresses else "one",
                "windows": len(settings.plan.windows) if settings.plan else None,
            },
        }

    def _checked_settings(self, host: str | None) -> Settings | None:
        """The settings. If they are bad, report all problems and end Locust; a page that is open stays open."""
        environment = self._environment
        options, runner = environment.parsed_options, environment.runner
        worker = isinstance(runner, WorkerRunner)
        try:
            return settings_from(options, host, leads=not worker, scripts=self._scripts)
        except BadSettings as problem:
            if not (worker and options.processes):  # forked workers would only repeat their parent's message
                print(problem, file=sys.stderr, flush=True)
            environment.process_exit_code = EXIT_USAGE
            if environment.web_ui and environment.web_ui.greenlet:  # it is open
                runner.stop()
                return None
            raise SystemExit(EXIT_USAGE) from None

    def _announce_when_ready(self, session: Session) -> None:
        while not (self._spawned and session.is_ready(self._environment.runner.user_count)):
            gevent.sleep(_READY_POLL_S)
        self._write_down(session.announce_ready)

    def _plan_done(self) -> None:
        """The last window is over: end Locust, whatever share of the requests failed."""
        self._environment.process_exit_code = 0
        gevent.spawn(self._environment.runner.quit)

    def _write_down(self, write: Any) -> None:
        try:
            write()
        except OSError as error:
            self._trouble(error)

    def _trouble(self, error: BaseException) -> None:
        with contextlib.suppress(OSError):  # the output may go to the disk that is full
            print(f"The recording cannot go on: {error}", file=sys.stderr, flush=True)
        if self._environment.process_exit_code != EXIT_CANNOT_WRITE:
            self._environment.process_exit_code = EXIT_CANNOT_WRITE
            gevent.spawn(self._environment.runner.quit)


def _name(settings: Settings) -> str:
    """The recording's scenario: several are joined, in whatever order Locust read their files."""
    return "-".join(sorted(script.name for script in settings.scripts))
