"""Flask-JWT-Extended, as its documentation sets it up: the counterpart of the mode `jwt`.

Same key, HS256, same life of a token, same issuer and audience, the cart as an additional claim, the token in the
Authorization header. Everything else is default.

More than `jwt`: tokens from several places, a hook for a denylist and one for loading a user, the claims `nbf`,
`type` and `fresh`; PyJWT checks on every call again that the secret is no public key in disguise.
Less: no `typ` of its own and no `kid` (keys can't be changed without logging everybody out); no check of the kinds of
the claims beyond PyJWT's, of names that occur twice, or of a header that says more than it should; no absolute end of
a log-in: each addition begins the token's life anew.
"""

from __future__ import annotations

from datetime import timedelta

from flask import Response, request
from flask_jwt_extended import JWTManager, create_access_token, get_jwt, get_jwt_identity, jwt_required
from services.bodies import addition
from services.carts import Cart, added
from services.claims import AUDIENCE, ISSUER
from services.problems import Problem

from peers.frame import new_frame

frame = new_frame("flask-jwt-extended", 'Bearer realm="authlab"')
app, answers, settings = frame.app, frame.answers, frame.settings
assert settings.keyring is not None
app.config.update(
    JWT_SECRET_KEY=settings.keyring.active.signing,
    JWT_ALGORITHM="HS256",
    JWT_ACCESS_TOKEN_EXPIRES=timedelta(seconds=settings.token_ttl_s),
    JWT_ENCODE_ISSUER=ISSUER,
    JWT_DECODE_ISSUER=ISSUER,
    JWT_ENCODE_AUDIENCE=AUDIENCE,
    JWT_DECODE_AUDIENCE=AUDIENCE,
)
manager = JWTManager(app)
manager.unauthorized_loader(lambda _: answers.problem(Problem("missing")))
manager.invalid_token_loader(lambda _: answers.problem(Problem("malformed")))
manager.expired_token_loader(lambda _header, _payload: answers.problem(Problem("expired")))


def grant(user: str, cart: Cart) -> dict[str, object]:
    """The members of an answer that hands out a token."""
    token = create_access_token(user, additional_claims={"cart": cart})
    return {"access_token": token, "token_type": "Bearer", "expires_in": settings.token_ttl_s}


@app.post("/login")
def login() -> Response:
    user = frame.checked_user()
    return answers.json({"user": user, **grant(user, {})})


@app.get("/me")
@jwt_required()
def me() -> Response:
    return answers.json({"user": frame.still_known(get_jwt_identity())})


@app.get("/cart")
@jwt_required()
def cart() -> Response:
    return answers.json({"user": frame.still_known(get_jwt_identity()), "cart": get_jwt()["cart"]})


@app.post("/cart/items")
@jwt_required()
def add() -> Response:
    item, quantity = addition(request)
    user = frame.still_known(get_jwt_identity())
    content = added(get_jwt()["cart"], item, quantity)
    return answers.json({"user": user, "cart": content, **grant(user, content)})


@app.post("/logout")
@jwt_required()
def logout() -> Response:
    return answers.nothing()
