"""Flask-Session with Redis, as its documentation sets it up: the counterpart of the mode `redis`.

Same Redis, same redis-py with hiredis, same idle time-out, a cookie of the same name and attributes, a new session id
at each log-in (`regenerate`, which the documentation recommends against fixation). Everything else is default.

More than `redis`: the session is a dictionary that any view may fill, in a serialisation of its choice (msgpack);
Redis is asked with redis-py's retries; the cookie is sent again with every answer and carries an expiry date.
Less: a session ends when idle but at no absolute time; Redis holds the session ids themselves, not their hashes; a
change is read, made and written back at the end of the request, so that two at once lose one of them, and a request
that ends after a log-out brings the session back. Its two round trips (GET, and SET for the time-out that begins
anew) are what `redis` does in one GETEX.
"""

from __future__ import annotations

from datetime import timedelta

from flask import Response, request, session
from flask_session import Session
from redis import Redis
from services.bodies import addition
from services.carts import added
from services.problems import Problem

from peers.frame import new_frame

COOKIE = "authlab_session"

frame = new_frame("flask-session", f'Cookie realm="authlab", cookie-name="{COOKIE}"')
app, answers, settings = frame.app, frame.answers, frame.settings
assert settings.redis is not None
app.config.update(
    SESSION_TYPE="redis",
    SESSION_REDIS=Redis(
        host=settings.redis.host,
        port=settings.redis.port,
        username=settings.redis.username,
        password=settings.redis.password,
    ),
    SESSION_KEY_PREFIX=settings.redis.prefix + "session:",
    SESSION_COOKIE_NAME=COOKIE,
    SESSION_COOKIE_SAMESITE="Lax",
    PERMANENT_SESSION_LIFETIME=timedelta(seconds=settings.session_idle_s),
)
Session(app)


def user() -> str:
    """Whose session this is; raises `missing` or `unknown_session`."""
    name = session.get("user")
    if name is None:
        raise Problem("unknown_session" if COOKIE in request.cookies else "missing")
    return frame.still_known(name)


@app.post("/login")
def login() -> Response:
    name = frame.checked_user()
    session.clear()
    session["user"], session["cart"] = name, {}
    app.session_interface.regenerate(session)
    return answers.json({"user": name, "expires_in": settings.session_idle_s})


@app.get("/me")
def me() -> Response:
    return answers.json({"user": user()})


@app.get("/cart")
def cart() -> Response:
    return answers.json({"user": user(), "cart": session["cart"]})


@app.post("/cart/items")
def add() -> Response:
    item, quantity = addition(request)
    name = user()
    session["cart"] = added(session["cart"], item, quantity)
    return answers.json({"user": name, "cart": session["cart"]})


@app.post("/logout")
def logout() -> Response:
    user()
    session.clear()
    return answers.nothing()
