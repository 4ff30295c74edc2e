"""The deliberately weak API as a WSGI application: for the browser lab alone, behind its nginx, on loopback."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from flask import Flask, Request, Response, request
from werkzeug.exceptions import HTTPException

from services.answers import Answers
from services.bodies import MAX_BODY_BYTES
from services.browser.cors import cors_headers, policy_and_path
from services.browser.credentials import Credentials
from services.browser.record import Record
from services.browser.shop import Forbidden, Shop
from services.problems import Problem
from services.session_table import SessionTable
from services.settings import Settings
from services.tokens import Tokens

View = Callable[[Request], Response]

_REASONS: Final = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}
LOOT_HOST: Final = "evil.test"


def create_app(settings: Settings) -> Flask:
    """The API of one browser lab. Needs the settings of the state `jwt`: users and a keyring."""
    assert settings.keyring is not None  # noqa: S101 - `wsgi` asks for the state that has one
    tokens = Tokens(
        settings.keyring, ttl_s=settings.token_ttl_s, absolute_s=settings.session_absolute_s, leeway_s=settings.leeway_s
    )
    table = SessionTable(idle_s=settings.session_idle_s, absolute_s=settings.session_absolute_s, capacity=100_000)
    held = Credentials(tokens, table)
    answers = Answers(settings.worker, 'Bearer realm="authlab browser lab"')
    record = Record(settings.worker)
    shop = Shop(settings.users, held, answers)
    app = Flask("services.browser", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    calls: dict[tuple[str, str], View] = {
        ("POST", "/login"): shop.login,
        ("POST", "/session"): shop.anonymous,
        ("GET", "/me"): shop.me,
        ("GET", "/cart"): shop.cart,
        ("POST", "/cart/items"): shop.add_json,
        ("POST", "/form/items"): shop.add_form,
        ("POST", "/loose/items"): shop.add_loose,
        ("GET", "/buy"): shop.buy,
        ("POST", "/guarded/items"): shop.add_guarded,
        ("GET", "/csrf"): shop.csrf,
        ("POST", "/keep"): shop.keep,
        ("POST", "/refresh"): shop.refresh,
        ("POST", "/logout"): shop.logout,
    }

    def everything(path: str) -> Response:
        policy, meant = policy_and_path("/" + path)
        who = _who(shop)  # before the call, because a log-out ends the credential of its own request
        if request.method == "OPTIONS":
            answer = answers.nothing()
        else:
            answer = _answered(lambda: _call(calls, meant)(request), answers, shop)
        answer.headers.extend(cors_headers(policy, request.headers.get("Origin")))
        record.keep(request, request.path, {"status": answer.status_code, **who})
        return answer

    def loot() -> Response:
        if request.host.partition(":")[0] != LOOT_HOST:
            return answers.problem(Problem("not_found"))
        text = request.query_string.decode("latin-1") + "\n" + request.get_data(as_text=True)
        held.bring_loot(text, request.headers.get("Origin"))
        return answers.nothing([("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Headers", "Content-Type")])

    def requests() -> Response:
        since = request.args.get("since", "0")
        entries = record.since(int(since) if since.isdecimal() else 0)
        return answers.json({"requests": entries}, cors_headers("exact", request.headers.get("Origin")))

    def healthz() -> Response:
        return answers.json({"status": "ok", "worker": settings.worker})

    # The lab calls these without the proxy; the proxy passes on only /lab/requests.
    app.add_url_rule("/lab/requests", view_func=requests)
    app.add_url_rule("/lab/loot", "lab_loot", lambda: answers.json({"loot": held.loot()}))
    app.add_url_rule("/lab/carts/<user>", "lab_cart", lambda user: answers.json({"cart": shop.cart_of(user)}))
    app.add_url_rule("/healthz", view_func=healthz)
    app.add_url_rule("/loot", view_func=loot, methods=["GET", "POST", "OPTIONS"], provide_automatic_options=False)
    app.add_url_rule(
        "/<path:path>", view_func=everything, methods=["GET", "POST", "OPTIONS"], provide_automatic_options=False
    )
    app.register_error_handler(HTTPException, lambda error: answers.problem(_of_framework(error)))
    return app


def _call(calls: dict[tuple[str, str], View], path: str) -> View:
    found = calls.get((request.method, path))
    if found is None:
        raise Problem("method_not_allowed" if any(known == path for _, known in calls) else "not_found")
    return found


def _answered(call: Callable[[], Response], answers: Answers, shop: Shop) -> Response:
    try:
        return call()
    except Problem as problem:
        return answers.problem(problem)
    except Forbidden as refusal:
        return shop.forbidden(refusal)


def _who(shop: Shop) -> dict[str, Any]:
    """What the record keeps about the credential of the request, whatever the answer."""
    try:
        holder = shop.holder(request)
    except Problem:
        return {"user": None, "credential": None}
    return {"user": holder.user, "credential": holder.carried}


def _of_framework(error: HTTPException) -> Problem:
    status = HTTPStatus(error.code or 500)
    return Problem(_REASONS.get(status, "bad_request" if status < 500 else "internal_error"))
