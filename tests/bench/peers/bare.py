"""A bare Flask application: the same routes and bodies as Flask's own quickstart would write them, no authentication.

Views return dictionaries, bodies are read by `request.get_json`, the session interface is Flask's own. Does less than
every mode: the name in `X-Lab-User` is believed, a log-in takes any password, carts lie in a plain dictionary. Does
more than they do: Flask's JSON provider and session interface, which the service leaves out; the row `none` of the
same table is the service without authentication.
"""

from __future__ import annotations

import os
from typing import Any

from flask import Flask, request
from flask.typing import ResponseReturnValue
from werkzeug import Response

app = Flask("bare")
carts: dict[str, dict[str, int]] = {}
worker = os.environ["AUTHLAB_WORKER"]


@app.after_request
def name_worker(response: Response) -> Any:
    response.headers["X-Worker"] = worker
    return response


@app.get("/healthz")
def healthz() -> ResponseReturnValue:
    return {"status": "ok", "worker": worker}


@app.post("/login")
def login() -> ResponseReturnValue:
    user = request.get_json()["username"]
    carts[user] = {}
    return {"user": user}


@app.get("/me")
def me() -> ResponseReturnValue:
    return {"user": request.headers["X-Lab-User"]}


@app.get("/cart")
def cart() -> ResponseReturnValue:
    user = request.headers["X-Lab-User"]
    return {"user": user, "cart": carts[user]}


@app.post("/cart/items")
def add() -> ResponseReturnValue:
    user, wanted = request.headers["X-Lab-User"], request.get_json()
    content = carts[user]
    content[wanted["item"]] = content.get(wanted["item"], 0) + wanted.get("quantity", 1)
    return {"user": user, "cart": content}


@app.post("/logout")
def logout() -> ResponseReturnValue:
    carts.pop(request.headers["X-Lab-User"], None)
    return "", 204
