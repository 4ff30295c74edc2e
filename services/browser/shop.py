"""What the weak API does once it knows, or believes that it knows, the user."""

from __future__ import annotations

import hmac
import json
import threading
from http import HTTPStatus
from typing import Any

from flask import Request, Response

from services.answers import Answers
from services.bodies import addition, credentials
from services.browser.cors import TRUSTED
from services.browser.credentials import Credentials, Holder
from services.browser.places import PLACES, REFRESH, TOKEN, Place
from services.browser.record import cookie_pairs
from services.carts import Cart, added, valid_item
from services.passwords import Users
from services.problems import Header, Problem
from services.strict_json import read_json


class Forbidden(Exception):
    """The API detected a forged request: 403, with a `reason` that only the browser lab uses."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Shop:
    """One method per call. Each user has one cart, whatever credential is used, so that the lab can observe it."""

    def __init__(self, users: Users, held: Credentials, answers: Answers) -> None:
        self._users = users
        self._held = held
        self._answers = answers
        self._lock = threading.Lock()
        self._carts: dict[str, Cart] = {}

    def cart_of(self, user: str) -> Cart:
        """The user's current cart."""
        with self._lock:
            return dict(self._carts.get(user, {}))

    def holder(self, request: Request) -> Holder:
        """Whose credential the request carries."""
        return self._held.holder(request.headers.get("Authorization", ""), request.headers.get("Cookie", ""))

    def login(self, request: Request) -> Response:
        """Put a credential into the place that `?storage=` names; `refresh=1`, `secure=0` and `adopt=1` vary it."""
        user, password = credentials(request)
        place = self._place(request)
        if not self._users.check(user, password):
            raise Problem("bad_credentials")
        secure = request.args.get("secure") != "0" and request.headers.get("X-Forwarded-Proto") == "https"
        members: dict[str, object] = {"user": user}
        headers: list[Header] = []
        if place.kind == TOKEN:
            token, expires_in = self._held.token(user)
            members |= {"access_token": token, "token_type": "Bearer", "expires_in": expires_in}
            if request.args.get("refresh") == "1":
                headers.append(("Set-Cookie", REFRESH.set_cookie(self._held.session(user), secure=secure)))
        else:
            headers.append(("Set-Cookie", place.set_cookie(self._cookie_value(request, place, user), secure=secure)))
        return self._answers.json(members, headers)

    def anonymous(self, request: Request) -> Response:
        """A session without a user: an attacker fetches it in order to plant it."""
        place = self._place(request)
        value = self._held.anonymous()
        cookie = place.set_cookie(value, secure=request.headers.get("X-Forwarded-Proto") == "https")
        return self._answers.json({"cookie": place.cookie, "value": value}, [("Set-Cookie", cookie)])

    def me(self, request: Request) -> Response:
        """The user of the request."""
        holder = self.holder(request)
        return self._answers.json({"user": holder.user})

    def cart(self, request: Request) -> Response:
        """The cart of that user."""
        holder = self.holder(request)
        return self._answers.json({"user": holder.user, "cart": self.cart_of(holder.user)})

    def add_json(self, request: Request) -> Response:
        """Add to the cart, by JSON only: a form gets 415."""
        item, quantity = addition(request)
        return self._put(self.holder(request), item, quantity)

    def add_form(self, request: Request) -> Response:
        """Add to the cart, by a plain form, with no defence against forged ones."""
        if request.mimetype != "application/x-www-form-urlencoded":
            raise Problem("unsupported_media_type", "Send a form.")
        return self._put(self.holder(request), _item(request.form.get("item")))

    def add_loose(self, request: Request) -> Response:
        """Add to the cart, by JSON of any content type, which a form can send as text/plain."""
        try:
            body = read_json(request.get_data(cache=False).strip())
        except ValueError as error:
            raise Problem("malformed_json", f"The body is not JSON: {error}.") from None
        return self._put(self.holder(request), _item(body.get("item") if isinstance(body, dict) else None))

    def buy(self, request: Request) -> Response:
        """Add to the cart, by a GET, which every link can send."""
        return self._put(self.holder(request), _item(request.args.get("item")))

    def add_guarded(self, request: Request) -> Response:
        """Add to the cart if the Origin is ours and the CSRF token is right (`?only=origin`, `?only=token`)."""
        holder = self.holder(request)
        form = request.mimetype == "application/x-www-form-urlencoded"
        body: dict[str, Any] = dict(request.form) if form else {"item": addition(request)[0]}
        only = request.args.get("only")
        if only != "token" and request.headers.get("Origin") not in TRUSTED:
            raise Forbidden("bad_origin")
        brought = request.headers.get("X-CSRF-Token") or str(body.get("csrf_token", ""))
        if only != "origin" and not hmac.compare_digest(brought.encode(), self._held.csrf_token(holder).encode()):
            raise Forbidden("bad_csrf_token")
        return self._put(holder, _item(body.get("item")))

    def csrf(self, request: Request) -> Response:
        """The CSRF token, for pages that may read this answer."""
        return self._answers.json({"csrf_token": self._held.csrf_token(self.holder(request))})

    def keep(self, request: Request) -> Response:
        """A sliding session: sets the cookie of the request again, with the same value."""
        holder = self.holder(request)
        place = next((place for place in PLACES.values() if place.cookie == holder.carried), None)
        if place is None:
            raise Problem("missing", "No cookie to set again.")
        secure = request.headers.get("X-Forwarded-Proto") == "https"
        return self._answers.json({"user": holder.user}, [("Set-Cookie", place.set_cookie(holder.text, secure=secure))])

    def refresh(self, request: Request) -> Response:
        """A new token for any request with the refresh cookie, including one of an injected script."""
        user = self._held.refresh_holder(request.headers.get("Cookie", ""))
        token, expires_in = self._held.token(user)
        return self._answers.json(
            {"user": user, "access_token": token, "token_type": "Bearer", "expires_in": expires_in}
        )

    def logout(self, request: Request) -> Response:
        """End the session, and delete every cookie of ours that was sent."""
        self._held.end(self.holder(request))
        sent = {name for name, _ in cookie_pairs(request.headers.get("Cookie", ""))}
        secure = request.headers.get("X-Forwarded-Proto") == "https"
        places = [place for place in (*PLACES.values(), REFRESH) if place.cookie in sent]
        return self._answers.nothing([("Set-Cookie", place.clear_cookie(secure=secure)) for place in places])

    def forbidden(self, refusal: Forbidden) -> Response:
        """403 as a problem document."""
        body = {"type": f"urn:authlab:problem:{refusal.reason}", "title": "A forged request", "status": 403}
        answer = self._answers.json({})
        answer.set_data(json.dumps(body | {"reason": refusal.reason}))
        answer.status_code = HTTPStatus.FORBIDDEN
        answer.content_type = "application/problem+json"
        return answer

    def _cookie_value(self, request: Request, place: Place, user: str) -> str:
        if place is PLACES["readable-cookie"]:
            return self._held.token(user)[0]
        if request.args.get("adopt") == "1":
            for name, value in cookie_pairs(request.headers.get("Cookie", "")):
                if name == place.cookie and self._held.adopt(value, user):
                    return value
        return self._held.session(user)

    def _place(self, request: Request) -> Place:
        place = PLACES.get(request.args.get("storage", ""))
        if place is None:
            raise Problem("invalid_body", f"`?storage=` must be one of {', '.join(PLACES)}.")
        return place

    def _put(self, holder: Holder, item: str, quantity: int = 1) -> Response:
        with self._lock:
            cart = self._carts[holder.user] = added(self._carts.get(holder.user, {}), item, quantity)
        return self._answers.json({"user": holder.user, "cart": cart})


def _item(value: object) -> str:
    if not valid_item(value):
        raise Problem("invalid_body", "`item` must be 1 to 64 of A-Z a-z 0-9 _ -.")
    return value
