"""The deliberately weak API: each weakness is there, each defence beside it holds, and no mode has anything of it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from flask.testing import FlaskClient
from services.browser.app import create_app
from services.browser.places import PLACES

from authlab.browser.places import PLACES as TOLD
from authlab.host.content import content_root
from authlab.stack.secrets import Secrets
from tests.unit.services.conftest import MakeSettings

TLS = {"X-Forwarded-Proto": "https"}
APP = {"Origin": "https://app.test"}


@pytest.fixture
def client(make_settings: MakeSettings) -> FlaskClient:
    return create_app(make_settings("jwt")).test_client(use_cookies=False)


@pytest.fixture
def person(secrets: Secrets) -> dict[str, str]:
    found: dict[str, str] = json.loads(secrets.credentials.read_text())["users"][0]
    return found


def logged_in(client: FlaskClient, person: dict[str, str], place: str, more: str = "") -> dict[str, str]:
    """The headers of a request of somebody logged in with that place."""
    answer = client.post(f"/login?storage={place}{more}", json=person, headers=TLS)
    assert answer.status_code == 200
    if PLACES[place].kind == "token":
        return {"Authorization": f"Bearer {answer.json['access_token']}"}
    return {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}


@pytest.mark.parametrize("place", PLACES)
def test_each_place_logs_in_and_its_cookie_is_what_the_lab_says_it_is(
    client: FlaskClient, person: dict[str, str], place: str
) -> None:
    answer = client.post(f"/login?storage={place}", json=person, headers=TLS)
    cookie, told = answer.headers.get("Set-Cookie", ""), TOLD[place]
    assert told.attached == bool(cookie)
    if cookie:
        assert "; Secure" in cookie
        assert ("HttpOnly" in cookie) != told.readable
        assert ("SameSite" in cookie) == (told.same_site != "unset")
        assert told.same_site == "unset" or f"SameSite={told.same_site}" in cookie
        assert cookie.startswith("__Host-") == (place == "cookie-host")
    assert client.get("/me", headers=logged_in(client, person, place)).json == {"user": person["username"]}


def test_a_get_buys_and_a_form_fills_the_cart_but_not_where_json_is_wanted(
    client: FlaskClient, person: dict[str, str]
) -> None:
    who = logged_in(client, person, "cookie-none")
    assert client.get("/buy?item=bought", headers=who).json["cart"] == {"bought": 1}
    assert client.post("/form/items", data={"item": "formed"}, headers=who).status_code == 200
    assert client.post("/cart/items", data={"item": "formed"}, headers=who).status_code == 415
    loose = client.post(
        "/loose/items", data='{"item": "loose", "pad": "="}\r\n', headers=who, content_type="text/plain"
    )
    assert loose.json["cart"] == {"bought": 1, "formed": 1, "loose": 1}


def test_the_guarded_call_wants_the_origin_and_the_token_each_by_itself(
    client: FlaskClient, person: dict[str, str]
) -> None:
    who = logged_in(client, person, "cookie-lax")
    token = {"X-CSRF-Token": client.get("/csrf", headers=who).json["csrf_token"]}
    sibling = {"Origin": "https://sibling.app.test"}
    form = {"item": "guarded"}
    refused = client.post("/guarded/items?only=origin", data=form, headers=who | token | sibling)
    assert (refused.status_code, refused.json["reason"]) == (403, "bad_origin")
    refused = client.post("/guarded/items?only=token", data=form, headers=who | sibling)
    assert (refused.status_code, refused.json["reason"]) == (403, "bad_csrf_token")
    assert client.post("/guarded/items", data=form, headers=who | token | APP).status_code == 200


def test_a_planted_session_id_works_only_where_the_log_in_adopts_it(
    client: FlaskClient, person: dict[str, str]
) -> None:
    for more, status in (("&adopt=1", 200), ("", 401)):
        planted = client.post("/session?storage=cookie-lax").json
        cookie = {"Cookie": f"{planted['cookie']}={planted['value']}"}
        assert client.get("/me", headers=cookie).status_code == 401
        assert client.post(f"/login?storage=cookie-lax{more}", json=person, headers=TLS | cookie).status_code == 200
        assert client.get("/me", headers=cookie).status_code == status


@pytest.mark.parametrize(
    ("prefix", "origin", "allowed"),
    [
        ("", "https://app.test", "https://app.test"),
        ("", "https://evil.test", None),
        ("/cors-star", "https://evil.test", "*"),
        ("/cors-reflect", "https://evil.test", "https://evil.test"),
        ("/cors-none", "https://app.test", None),
    ],
)
def test_a_prefix_chooses_the_cors_policy(client: FlaskClient, prefix: str, origin: str, allowed: str | None) -> None:
    for answer in (
        client.get(f"{prefix}/me", headers={"Origin": origin}),
        client.options(f"{prefix}/me", headers={"Origin": origin}),
    ):
        assert answer.headers.get("Access-Control-Allow-Origin") == allowed


def test_the_record_tells_what_came_without_a_credential_in_full(client: FlaskClient, person: dict[str, str]) -> None:
    who = logged_in(client, person, "cookie-strict")
    client.get("/me", headers=who | APP | {"Sec-Fetch-Site": "same-site"})
    text = client.get("/lab/requests?since=1").get_data(as_text=True)
    (entry,) = json.loads(text)["requests"]
    assert (entry["number"], entry["method"], entry["path"], entry["status"]) == (2, "GET", "/me", 200)
    assert entry["credential"] == "session_strict"
    assert entry["user"] == person["username"]
    assert entry["fetch"] == {"sec-fetch-site": "same-site"}
    assert who["Cookie"].partition("=")[2] not in text


def test_loot_is_known_by_whether_it_works_and_its_text_is_not_kept(
    client: FlaskClient, person: dict[str, str]
) -> None:
    who = logged_in(client, person, "cookie-lax")
    secret = who["Cookie"].partition("=")[2]
    assert client.post("/loot", data=secret, base_url="https://api.app.test").status_code == 404
    client.post("/loot", data=json.dumps({"found": secret}), base_url="https://evil.test")
    assert client.get("/lab/loot").json["loot"][0]["works_for"] == [person["username"]]
    assert secret not in client.get("/lab/loot").get_data(as_text=True)
    client.post("/logout", headers=who)
    client.post("/loot", data=secret, base_url="https://evil.test")
    assert client.get("/lab/loot").json["loot"][1]["works_for"] == [], "a session that ended is worth nothing"


def test_the_ordinary_service_loads_nothing_of_it() -> None:
    script = "import sys, services.app, services.states.jwt; print([m for m in sys.modules if 'browser' in m])"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=content_root(), capture_output=True, text=True, check=True
    )
    assert "services.browser" not in done.stdout


def test_a_session_that_slides_is_given_its_own_value_again_and_a_bearer_has_no_cookie_to_set(
    client: FlaskClient, person: dict[str, str]
) -> None:
    held = logged_in(client, person, "cookie-unset")
    again = client.post("/keep", headers={**held, **TLS})
    assert again.headers["Set-Cookie"] == f"{held['Cookie']}; Path=/; HttpOnly; Secure"
    assert client.post("/keep", headers=logged_in(client, person, "memory")).status_code == 401
    assert client.post("/keep").status_code == 401
