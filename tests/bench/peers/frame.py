"""What the peers share with the service, so that nothing but the way of keeping state differs between them.

Settings, users, the reading of bodies and the making of answers are the service's own code: a library is charged
for its own work only, not for `jsonify` or a laxer parser. Flask itself stays as it comes.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from flask import Flask, Response, request
from services.answers import Answers
from services.bodies import credentials
from services.problems import Problem
from services.settings import Settings, settings_from
from werkzeug.exceptions import HTTPException


@dataclass(frozen=True)
class Frame:
    """An application without its protected routes, and what they need."""

    app: Flask
    settings: Settings
    answers: Answers

    def checked_user(self) -> str:
        """Who logs in with the right password; raises `bad_credentials`."""
        user, password = credentials(request)
        if not self.settings.users.check(user, password):
            raise Problem("bad_credentials")
        return user

    def still_known(self, user: str) -> str:
        """`user`, as long as the account exists; raises `revoked`."""
        if user not in self.settings.users:
            raise Problem("revoked", "The user of this credential is no longer known.")
        return user


def new_frame(name: str, challenge: str) -> Frame:
    """A Flask application set up by the environment (`AUTHLAB_…`), with `/healthz` and problem documents."""
    settings = settings_from(os.environ)
    answers = Answers(settings.worker, challenge)
    app = Flask(name, static_folder=None)

    @app.get("/healthz")
    def healthz() -> Response:
        return answers.json({"status": "ok", "worker": settings.worker})

    @app.errorhandler(HTTPException)
    def of_framework(error: HTTPException) -> Response:
        return answers.problem(Problem("not_found" if error.code == 404 else "bad_request"))

    app.register_error_handler(Problem, answers.problem)
    return Frame(app, settings, answers)
