"""The simulated user: logs in, sends the scheduled requests, checks each answer, records it."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import gevent
from locust import FastHttpUser
from locust.exception import StopUser
from locust.user.task import LOCUST_STATE_RUNNING, LOCUST_STATE_STOPPING, LOCUST_STATE_WAITING

from lab_load.address import address_of
from lab_load.basket import Basket
from lab_load.client import TimedAgent
from lab_load.columns import BEFORE_WINDOWS
from lab_load.credential import Credential
from lab_load.ledger import OpenWindow
from lab_load.login import Login
from lab_load.operations import Operation
from lab_load.outcome import UNKNOWN_FATE, of_error, of_status, plain, read_json, worker_name
from lab_load.plan import Plan, Window
from lab_load.schedule import ITEMS, Arrival, Mix, arrivals, endless, stream
from lab_load.session import Session

logger = logging.getLogger("authlab")

_IMPATIENT_S = 5.0
_FIRST_PATIENCE_S = 30.0
"""With a plan, all users log in before its first window, some at a time. That may take longer than the time-out of
later requests. It is not measured."""

_LOGIN_TRIES = 4
_LOGIN_PAUSE_S = 0.25  # doubled after each attempt
_LOGIN_PAUSE_MAX_S = 4.0
_GRACE_NS = 10_000_000
"""An arrival that was due before its window's end is sent up to this long after that end, if its user was busy until
then. Shorter than the gaps between the lab's slices."""
_ADD_BODY = {item: json.dumps({"item": item}) for item in ITEMS}


class Finding(NamedTuple):
    """The result of an answer."""

    outcome: str
    reason: str
    cart: str = ""
    body: dict[str, Any] = {}  # noqa: RUF012 - never written to


_LATE = Finding("timeout", "late")


class LabUser(FastHttpUser):
    """Base of the scenarios' users. `environment.authlab` is the Session of the running test."""

    abstract = True

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self.session: Session = environment.authlab
        script = self.session.script_of(type(self))
        self.number: int
        self.login: Login
        self.number, self.login = self.session.enrol(script)
        self.free_ns = 0
        # Like the tabs of one browser, the sharers of a log-in have one address.
        settings = self.session.settings
        self._own_headers = address_of(settings.seed, self.login.number) if settings.addresses else {}
        timeout_s = self.session.settings.timeout_s
        self._be_patient(
            max(timeout_s, _FIRST_PATIENCE_S) if timeout_s < _IMPATIENT_S and self.session.settings.plan else timeout_s
        )
        self._mix = Mix(settings.mix_of(script))
        self._operations = script.operations

    @property
    def credential(self) -> Credential:
        """The credential of the user and of everybody who shares its log-in."""
        return self.login.credential

    # --- the user's life ---

    def on_start(self) -> None:
        """Log in, with a limited number of attempts, and report the result. One of several sharers is enough."""
        with self.session.door, self.login.turn:
            self.free_ns = time.monotonic_ns()
            problem = "" if self.credential.number else self._begin()
        if self.session.settings.timeout_s < self._patience_s:
            self._agent.close()
            self._be_patient(self.session.settings.timeout_s)
        self.session.login_over(self.number, problem)

    def _be_patient(self, timeout_s: float) -> None:
        """From now on give a request up after that time, on a new connection."""
        self._patience_s = timeout_s
        self._late_ns = int(timeout_s * 1e9)
        site = self.session.settings.site
        self.client.base_url = site.base
        self._agent = TimedAgent(site, timeout_s)
        self.client.client = self._agent

    def _begin(self) -> str:
        """The first log-in. Returns the reason if it failed."""
        window = BEFORE_WINDOWS if self.session.settings.plan else 0
        finding = self.log_in(window)
        pause_s, tries = _LOGIN_PAUSE_S, 1
        while finding.outcome != "ok" and tries < _LOGIN_TRIES:
            self._rest(pause_s)
            self.free_ns = time.monotonic_ns()
            finding = self.log_in(window)
            pause_s, tries = min(2 * pause_s, _LOGIN_PAUSE_MAX_S), tries + 1
        return "" if finding.outcome == "ok" else f"{finding.outcome}: {finding.reason}"

    def on_stop(self) -> None:
        """Close the connection."""
        self._agent.close()

    def follow(self) -> None:
        """Do what the plan says, or the options without one. Ends by StopUser."""
        plan = self.session.settings.plan
        if plan is None:
            self._go_on_forever(self.session.plain_window)
        else:
            self._rest(None)
            for window in plan.windows:
                self._serve(window, plan)
        raise StopUser

    def _serve(self, window: Window, plan: Plan) -> None:
        """One window of a plan: send each arrival when it is due, or as soon as the previous one is answered."""
        start_ns, end_ns = self.session.origin_ns + window.start_ns, self.session.origin_ns + window.end_ns
        wanted = self.planned(window, plan)
        entry = self.session.windows[window.index]
        entry.arrivals += len(wanted)
        self.free_ns = max(self.free_ns, start_ns)
        for sent, arrival in enumerate(wanted):
            due_ns = start_ns + arrival.at_ns
            now_ns = time.monotonic_ns()
            if now_ns >= end_ns + _GRACE_NS or not self._may_send():
                entry.unserved += len(wanted) - sent
                break
            if due_ns > now_ns:
                self._rest((due_ns - now_ns) / 1e9)
            self.act(arrival, due_ns, window.index)
        entry.user_done()

    def planned(self, window: Window, plan: Plan) -> list[Arrival]:
        """What this user does in a window of a plan."""
        rng = stream(window.seed, self.number)
        return arrivals(rng, window.rate_rps / plan.users, window.end_ns - window.start_ns, self._mix)

    def unplanned(self) -> Iterator[Arrival]:
        """What it does without a plan, from its log-in on."""
        return endless(stream(self.session.settings.seed, self.number), self.session.rate_per_user(), self._mix)

    def _may_send(self) -> bool:
        """A user who never logged in sends nothing, unless it goes on trying."""
        return bool(self.credential.number) or self.login.persistent

    def stop(self, force: bool = False) -> bool:
        """End this user: at once while it waits, after its request while it is busy (or at once, if forced to).

        Locust throws an exit into a waiting user. If the user wakes up before that, the exit arrives in the middle of
        its next request, which would then look like a failure of the service. A flag is therefore set first.
        """
        at_once = force or self._state != LOCUST_STATE_RUNNING
        self._state = LOCUST_STATE_STOPPING
        return bool(super().stop(force=True)) if at_once else False

    def _rest(self, seconds: float | None) -> None:
        """Sleep, or with None wait for the windows to begin. Raises StopUser if Locust wants to end this user.

        `gevent.sleep` is the shortest way to a timer: waiting for an event with a time-out added 50 µs to each lag.
        """
        self._state = LOCUST_STATE_WAITING
        if seconds is None:
            self.session.started.wait()
        else:
            gevent.sleep(seconds)
        if self._state == LOCUST_STATE_STOPPING:
            raise StopUser
        self._state = LOCUST_STATE_RUNNING

    def _go_on_forever(self, entry: OpenWindow) -> None:
        """Plain use: arrivals from the log-in on until Locust stops the user."""
        while not self._may_send():
            self._rest(_LOGIN_PAUSE_MAX_S)
            with self.login.turn:
                self.free_ns = time.monotonic_ns()
                if not self.credential.number:
                    self.log_in(entry.index)
        start_ns = self.free_ns
        wanted = self.unplanned()
        due_ns, pending = start_ns, False
        try:
            for arrival in wanted:
                due_ns, pending = start_ns + arrival.at_ns, True
                left_ns = due_ns - time.monotonic_ns()
                if left_ns > 0:
                    self._rest(left_ns / 1e9)
                entry.arrivals += 1
                pending = False
                self.act(arrival, due_ns, entry.index)
        finally:
            # Arrivals that were due while the last request was under way, and were never sent.
            now_ns = time.monotonic_ns()
            if not pending:
                due_ns = start_ns + next(wanted).at_ns
            while due_ns <= now_ns:
                entry.arrivals += 1
                entry.unserved += 1
                due_ns = start_ns + next(wanted).at_ns

    # --- requests ---

    def act(self, arrival: Arrival, due_ns: int, window: int) -> None:
        """Send one scheduled request; after a refusal log in again, if that is still allowed.

        If the log-in before it failed, this arrival is used for another attempt, and its planned request is dropped.
        """
        login, op, item = self.login, arrival.op, arrival.item
        if login.admitted or self._readmitted(due_ns, window):
            known, asked = login.logins, self._operations[op]
            finding = self.ask(op, asked, _ADD_BODY[item] if item else asked.text, due_ns, window, item)
            if finding.outcome == "auth" and login.relogins_left:
                self._log_in_again(known, window)
        if self._state == LOCUST_STATE_STOPPING:
            raise StopUser

    def _readmitted(self, due_ns: int, window: int) -> bool:
        """Wait for a log-in that a sharer has begun, or log in. Returns whether the planned request can still be
        sent."""
        with self.login.turn:
            if self.login.admitted:
                self.free_ns = max(self.free_ns, time.monotonic_ns())
                return True
            self.log_in(window, due_ns)
            return False

    def _log_in_again(self, known: int, window: int) -> None:
        """Log in again if the credential of log-in number `known` was refused, unless a sharer has done so already."""
        with self.login.turn:
            self.free_ns = max(self.free_ns, time.monotonic_ns())
            if self.login.logins == known:
                self.login.relogins_left -= 1
                self.log_in(window)

    def log_in(self, window: int, due_ns: int | None = None) -> Finding:
        """Log in again, holding the log-in's turn. If no schedule asks for it, it is due when the user is free."""
        login = self.login
        login.begin()
        body = json.dumps({"username": login.username, "password": login.password})
        finding = Finding("network", "cancelled")
        try:
            finding = self.ask(
                "login", self._operations["login"], body, self.free_ns if due_ns is None else due_ns, window
            )
        finally:
            login.end(finding.outcome == "ok")
        return finding

    def ask(self, op: str, asked: Operation, body: str | None, due_ns: int, window: int, item: str = "") -> Finding:
        """One request: send it, check it, report it to Locust's statistics, record it."""
        credential, agent = self.credential, self._agent
        proof = (0, 0, 0) if op == "login" else (credential.number, credential.issued_ns, credential.expires_ns)
        request_id = self.session.request_id()
        headers = {"X-Request-ID": request_id, "Accept-Encoding": "identity", **self._own_headers}
        headers.update(credential.to_send(asked.path, time.monotonic_ns(), unsafe=asked.method != "GET"))
        lapsed = credential.lapsed
        if body is not None:
            headers["Content-Type"] = "application/json"
        status, worker = 0, ""
        finding = Finding("network", "cancelled")  # stays if Locust ends the user in the middle of the request
        try:
            with self.client.request(
                asked.method, asked.path, data=body, headers=headers, catch_response=True
            ) as response:
                answered = response.headers
                if answered is None:
                    finding = Finding(*of_error(response.error))
                else:
                    status = response.status_code
                    worker = worker_name(answered.get("x-worker") or "")
                    finding = self._examine(op, asked, status, worker, response, item)
                if finding.outcome == "ok":
                    response.success()
                else:
                    response.failure(f"{finding.outcome}: {finding.reason}")
        except Exception as error:  # whatever it was, it is this request's outcome and goes into its row
            finding = Finding("network", plain(f"{type(error).__name__}: {error}"))
            logger.warning("request %s failed unexpectedly", request_id, exc_info=True)
        finally:
            ready_ns, self.free_ns = self.free_ns, agent.done_ns
            if lapsed and finding.outcome == "auth":
                proof = (0, 0, 0)  # the service is right: what expired was not sent, so this was no credential
            self.session.recorder.record(
                window, self.login.number, op, proof, due_ns, ready_ns, agent.sent_ns, agent.done_ns,
                status, worker, finding.outcome, finding.reason, request_id, item, finding.cart,
            )  # fmt: skip
            if item and self.login.basket and finding.outcome in UNKNOWN_FATE and not finding.cart:
                self.login.basket.doubt(item)
        return finding

    def _examine(self, op: str, asked: Operation, status: int, worker: str, response: Any, item: str) -> Finding:
        """Outcome of an answer. Adopts the credential that it brought."""
        agent, credential = self._agent, self.credential
        body = read_json(response.content)
        cookies = response.headers.getlist("set-cookie") if "set-cookie" in response.headers else ()
        if status != asked.status:
            if cookies:
                credential.answered(cookies, agent.done_ns, body, asked.path)
            return Finding(*of_status(status, worker, body))
        if op == "login":
            if body.get("user") != self.login.username:
                return Finding("wrong", "identity")
            if self._is_late():
                return _LATE  # a client that has given up takes no credential
            given = credential.logged_in(body, cookies, agent.done_ns, asked.path)
            return Finding("ok", "") if given else Finding("wrong", "no_credential")
        if cookies:
            credential.answered(cookies, agent.done_ns, body, asked.path)
        if "access_token" in body:
            credential.renewed(body, agent.done_ns)
        if asked.identity and body.get("user") != self.login.username:
            return Finding("wrong", "identity")
        if item or op == "cart":
            return self._in_time(self._check_cart(body.get("cart"), item))
        return self._in_time(Finding("ok", ""))

    def _check_cart(self, cart: object, item: str) -> Finding:
        if not isinstance(cart, dict):
            return Finding("wrong", "no_cart")
        shown = plain(" ".join(f"{name}*{count}" for name, count in cart.items()))
        login = self.login
        login.credential.saw_cart(shown)
        if login.basket and not login.basket.agrees(cart, item):
            login.basket = Basket.of(cart)  # a loss makes one answer wrong, not every answer after it
            return Finding("wrong", "cart", shown)
        if login.basket and item:
            login.basket.acknowledge(item)
        return Finding("ok", "", shown)

    def _in_time(self, finding: Finding) -> Finding:
        """The socket's time-out applies to each read. This catches an answer that arrives in small parts."""
        if finding.outcome == "ok" and self._is_late():
            return finding._replace(outcome=_LATE.outcome, reason=_LATE.reason)
        return finding

    def _is_late(self) -> bool:
        return self._agent.done_ns - self._agent.sent_ns > self._late_ns
