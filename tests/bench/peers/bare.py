"""The floor: Flask with the same routes and bodies and no authentication.

Does less than every mode: no credential is looked at, the name in `X-Lab-User` is believed (the mode `none` looks it
up among the users), a log-in takes any password, carts lie in a plain dictionary that is never swept.
"""

from __future__ import annotations

from flask import Response, request
from services.bodies import addition, credentials
from services.carts import Cart, added

from peers.frame import new_frame

frame = new_frame("bare", 'LabUser realm="authlab"')
app, answers = frame.app, frame.answers
carts: dict[str, Cart] = {}


@app.post("/login")
def login() -> Response:
    user, _ = credentials(request)
    carts[user] = {}
    return answers.json({"user": user})


@app.get("/me")
def me() -> Response:
    return answers.json({"user": request.environ["HTTP_X_LAB_USER"]})


@app.get("/cart")
def cart() -> Response:
    user = request.environ["HTTP_X_LAB_USER"]
    return answers.json({"user": user, "cart": carts[user]})


@app.post("/cart/items")
def add() -> Response:
    user = request.environ["HTTP_X_LAB_USER"]
    item, quantity = addition(request)
    carts[user] = added(carts[user], item, quantity)
    return answers.json({"user": user, "cart": carts[user]})


@app.post("/logout")
def logout() -> Response:
    carts.pop(request.environ["HTTP_X_LAB_USER"], None)
    return answers.nothing()
