"""What is refused before anybody looks at who asks for what."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from services.bodies import MAX_BODY_BYTES

from tests.unit.services.service import Service, reason

JSON = "application/json"


@pytest.fixture
def service(make_service: Callable[..., Service]) -> Service:
    """Sessions in memory: bodies are read alike everywhere."""
    return make_service("memory")


def sent(service: Service, path: str, body: bytes, content_type: str | None) -> tuple[int, str]:
    """Status and reason of a POST by somebody who is logged in."""
    return reason(service.client.post(path, data=body, content_type=content_type, headers=service.log_in()))


@pytest.mark.parametrize("path", ["/login", "/cart/items"])
@pytest.mark.parametrize(
    "content_type",
    ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain", "application/jsonp", "text/json", None],
)
def test_only_json_is_read(service: Service, path: str, content_type: str | None) -> None:
    assert sent(service, path, b'{"item": "i1"}', content_type) == (415, "unsupported_media_type")


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data"])
def test_a_form_can_not_log_anybody_out(service: Service, content_type: str) -> None:
    assert sent(service, "/logout", b"", content_type) == (415, "unsupported_media_type")


def test_a_charset_does_not_disturb(service: Service) -> None:
    answer = service.client.post(
        "/cart/items", data=b'{"item": "i1"}', content_type=f"{JSON}; charset=utf-8", headers=service.log_in()
    )
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/login", "/cart/items"])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b'{"item": NaN}',
        b'{"item": "i1", "item": "i2"}',
        b"\xff\xfe{}",
        b'{"item": "\xff"}',
        b"[" * 16_000,
        b'{"item":' * 2_000,
        b'{"quantity": ' + b"9" * 5_000 + b"}",
    ],
    ids=["empty", "open", "bare", "nan", "twice", "utf-16", "bytes", "deep", "deep-objects", "long-number"],
)
def test_what_is_not_json_is_a_400(service: Service, path: str, body: bytes) -> None:
    assert sent(service, path, body, JSON) == (400, "malformed_json")


def test_a_large_body_is_a_413_without_being_read(service: Service) -> None:
    assert sent(service, "/login", b" " * (MAX_BODY_BYTES + 1), JSON) == (413, "body_too_large")


@pytest.mark.parametrize("body", [b"[]", b"null", b"1", b'"text"', b"true"])
def test_the_body_must_be_an_object(service: Service, body: bytes) -> None:
    assert sent(service, "/login", body, JSON) == (422, "invalid_body")


@pytest.mark.parametrize("name", ["username", "password"])
@pytest.mark.parametrize("value", ["null", "1", "[]", "{}", '""', '"\\ud800"', '"' + "a" * 2000 + '"'])
def test_user_name_and_password_must_be_text(service: Service, name: str, value: str) -> None:
    members = {"username": '"user-0001"', "password": '"x"', name: value}
    body = "{" + ",".join(f'"{key}":{text}' for key, text in members.items()) + "}"
    assert sent(service, "/login", body.encode(), JSON) == (422, "invalid_body")


@pytest.mark.parametrize("item", ["", "a b", "a*1", "é", "a" * 65, "i1\n", None, 1, ["i1"], {}])
def test_an_item_must_be_a_name(service: Service, item: object) -> None:
    assert reason(service.post("/cart/items", {"item": item}, service.log_in())) == (422, "invalid_body")


@pytest.mark.parametrize("quantity", [0, -1, 0.0, 1.5, 1e300, True, "1", None, [], 1_000_001, 10**30])
def test_a_quantity_must_be_a_whole_number_within_bounds(service: Service, quantity: object) -> None:
    answer = service.post("/cart/items", {"item": "i1", "quantity": quantity}, service.log_in())
    assert reason(answer) == (422, "invalid_body")


def test_a_whole_number_may_be_written_with_a_point(service: Service) -> None:
    answer = service.post("/cart/items", {"item": "i1", "quantity": 2.0}, service.log_in())
    assert answer.text == '{"user":"user-0001","cart":{"i1":2}}'
