"""The calls of the HTTP contract, the same for every way of keeping state."""

from __future__ import annotations

from flask import Response, request

from services.answers import Answers
from services.bodies import addition, credentials, refuse_forms
from services.passwords import Users
from services.problems import Problem
from services.states.protocol import Session, State


class Views:
    """One method per call. Between modes they differ only in the `State` that they use."""

    def __init__(self, state: State, users: Users, answers: Answers, worker: str) -> None:
        self._state = state
        self._users = users
        self._answers = answers
        self._healthy = {"status": "ok", "worker": worker}

    def login(self) -> Response:
        """A credential for the right user name and password."""
        self._state.admit(request.environ)
        user, password = credentials(request)
        known = self._users.check(user, password) if self._state.checks_passwords else user in self._users
        if not known:
            raise Problem("bad_credentials")
        grant = self._state.log_in(request.environ, user)
        return self._answers.json({"user": user, **grant.members}, grant.headers)

    def me(self) -> Response:
        """The user of the request."""
        session = self._known(self._state.session(request.environ))
        return self._answers.json({"user": session.user})

    def cart(self) -> Response:
        """The cart of this log-in."""
        user, cart = self._known(self._state.session(request.environ))
        return self._answers.json({"user": user, "cart": cart})

    def add(self) -> Response:
        """The cart after an item was added."""
        self._state.admit(request.environ)
        item, quantity = addition(request)
        session, grant = self._state.add(request.environ, item, quantity)
        user, cart = self._known(session)
        return self._answers.json({"user": user, "cart": cart, **grant.members}, grant.headers)

    def logout(self) -> Response:
        """End the session."""
        self._state.admit(request.environ)
        refuse_forms(request)
        return self._answers.nothing(self._state.log_out(request.environ).headers)

    def _known(self, session: Session) -> Session:
        """A credential may outlive its user, in the store or in the client. Without the user it is worthless."""
        if session.user not in self._users:
            raise Problem("revoked", "The user of this credential is no longer known.")
        return session

    def healthz(self) -> Response:
        """That this worker serves. Needs no credential and makes none."""
        return self._answers.json(self._healthy)

    def index(self) -> Response:
        """The public page: says what this service is."""
        return self._answers.json({"service": "authlab", "contract": "services/openapi.yaml"})
