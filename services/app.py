"""The application factory: settings in, a Flask application out."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from flask import Flask, Request, Response
from flask.sessions import NullSession, SessionInterface
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from services.answers import Answers
from services.bodies import MAX_BODY_BYTES
from services.extra_cpu import ExtraCpu
from services.problems import Problem
from services.settings import Settings
from services.states import module_of
from services.states.protocol import Extension, State
from services.views import Views

_REASON_OF_STATUS: Final = {
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "body_too_large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "unsupported_media_type",
}


class _NoFlaskSession(SessionInterface):
    """Disables Flask's own signed session. A session that is never opened costs nothing per request."""

    _closed: Final = NullSession()

    def open_session(self, app: Flask, request: Request) -> NullSession:  # noqa: ARG002
        return self._closed

    def is_null_session(self, obj: object) -> bool:  # noqa: ARG002 - there is no other
        return True


def create_app(settings: Settings, state: State | None = None) -> Flask:
    """The service with the state that `settings.state` names, or with a `state` of your own."""
    if state is None:
        state = build_state(settings)
    answers = Answers(settings.worker, state.challenge)
    views = Views(state, settings.users, answers, settings.worker)
    app = Flask("services", static_folder=None)
    app.session_interface = _NoFlaskSession()
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.url_map.merge_slashes = False  # a redirect to the merged path would be an answer without X-Worker
    for method, path, view in (
        ("POST", "/login", views.login),
        ("GET", "/me", views.me),
        ("GET", "/cart", views.cart),
        ("POST", "/cart/items", views.add),
        ("POST", "/logout", views.logout),
        ("GET", "/healthz", views.healthz),
        ("GET", "/", views.index),
    ):
        # No OPTIONS: answering a preflight is the first half of CORS, which this service grants to nobody.
        app.add_url_rule(path, view_func=view, methods=[method], provide_automatic_options=False)
    _answer_with_problems(app, answers)
    if isinstance(state, Extension):
        state.install(app)
    if settings.extra_cpu_us is not None:
        app.wsgi_app = ExtraCpu(app.wsgi_app, settings.extra_cpu_us)  # type: ignore[method-assign]  # as Flask documents
    return app


def build_state(settings: Settings) -> State:
    """What the file of `settings.state` builds."""
    state: State = module_of(settings.state).build(settings)
    return state


def _answer_with_problems(app: Flask, answers: Answers) -> None:
    def of_framework(error: HTTPException) -> Response:
        status = HTTPStatus(error.code or 500)
        reason = _REASON_OF_STATUS.get(status, "bad_request" if status < 500 else "internal_error")
        allow = error.valid_methods if isinstance(error, MethodNotAllowed) else None
        headers = [("Allow", ", ".join(sorted(allow)))] if allow else []
        return answers.problem(Problem(reason, headers=headers))

    def of_bug(error: Exception) -> Response:
        app.logger.error("a request ended in a bug", exc_info=error)
        return answers.problem(Problem("internal_error"))

    app.register_error_handler(Problem, answers.problem)
    app.register_error_handler(HTTPException, of_framework)
    app.register_error_handler(Exception, of_bug)
