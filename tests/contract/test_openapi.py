"""`services/openapi.yaml` against the service: real answers of every mode, checked by the document's own schemas."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from services.problems import REASONS

from authlab.host.content import content_root
from authlab.model.modes import MODES
from authlab.stack.local import LocalStacks
from tests.contract.client import Answer, Client
from tests.standing import People

JSON = {"Content-Type": "application/json"}
OF_NO_PATH = {
    404: "NotFound",
    405: "MethodNotAllowed",
    414: "UriTooLong",
    417: "ExpectationFailed",
    431: "HeadersTooLarge",
    501: "UnsupportedTransferCoding",
}
"""Refusals that belong to no path in particular."""

COOKIES = {mode.cookie for mode in MODES.values() if mode.cookie}
CALLS = {
    ("POST", "/login"),
    ("GET", "/me"),
    ("GET", "/cart"),
    ("POST", "/cart/items"),
    ("POST", "/logout"),
    ("GET", "/healthz"),
    ("GET", "/"),
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The parsed document."""
    file: Path = content_root() / "services" / "openapi.yaml"
    parsed: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return parsed


def looked_up(document: Mapping[str, Any], node: Any) -> Any:
    """`node`, or what it refers to."""
    while "$ref" in node:
        target: Any = document
        for name in node["$ref"].removeprefix("#/").split("/"):
            target = target[name]
        node = target
    return node


def check(document: Mapping[str, Any], schema: Mapping[str, Any], value: object) -> None:
    """Raises `ValidationError` unless the value is what the schema says."""
    Draft202012Validator({**schema, "components": document["components"]}).validate(value)


def hold(document: Mapping[str, Any], method: str, path: str, answer: Answer) -> None:
    """Fails unless the document has the answer: status, headers, content type, and body."""
    if answer.status in OF_NO_PATH:
        response = document["components"]["responses"][OF_NO_PATH[answer.status]]
    else:
        responses = document["paths"][path][method.lower()]["responses"]
        assert str(answer.status) in responses, f"{method} {path} is not said to answer {answer.status}"
        response = looked_up(document, responses[str(answer.status)])
    for name, header in response.get("headers", {}).items():
        said = looked_up(document, header)
        if name.lower() in answer.headers:
            check(document, said["schema"], answer.headers[name.lower()])
        else:
            assert not said["required"], f"{method} {path} {answer.status} has no {name}"
    if "content" not in response:
        assert answer.body == b""
        assert "content-type" not in answer.headers
        return
    check(document, response["content"][answer.headers["content-type"]]["schema"], answer.json)
    if answer.status >= 400:
        reasons = re.findall(r"`([a-z_]+)`", response["description"])
        assert answer.reason in reasons, f"{answer.reason} is not among the reasons of {answer.status}"


def conversation(stack_url: str, people: People) -> list[tuple[str, str, Answer]]:
    """A client's way through all calls, well and badly behaved."""
    said: list[tuple[str, str, Answer]] = []
    client = Client(stack_url)

    def ask(who: Client, method: str, path: str, body: str | None = None, **headers: str) -> None:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        said.append((method, path, who.ask(method, path, body, sent | (JSON if body is not None else {}))))

    said.append(("POST", "/login", client.log_in(*people[0])))
    said.append(("POST", "/login", Client(stack_url).log_in("nobody", "wrong")))
    said.append(("POST", "/cart/items", client.add("i1", 3)))
    for path in ("/me", "/cart", "/healthz", "/", "/nothing"):
        ask(client, "GET", path)
        ask(Client(stack_url), "GET", path)
        ask(Client(stack_url), "DELETE", path)
    for credential in (
        *({"Cookie": f"{cookie}={text}"} for cookie in COOKIES for text in ("x" * 43, "a.b.c")),
        {"Authorization": "Bearer a.b.c"},
        {"X-Lab-User": "nobody"},
        {"X-Lab-User": people[0][0], "X-Lab-Cart": "?"},
    ):
        ask(Client(stack_url), "GET", "/me", **credential)
    for path in ("/login", "/cart/items"):
        for body in ("{", "[]", '{"item": "?", "username": 1}', '{"password": "' + "x" * 20_000 + '"}'):
            ask(client, "POST", path, body)
    for path in ("/login", "/cart/items", "/logout"):
        said.append(("POST", path, client.ask("POST", path, "a=b", {"Content-Type": "text/plain"})))
    for path in ("/login", "/cart/items", "/logout"):
        body = '{"item": "i1", "username": "nobody", "password": "wrong"}'
        for header in ({"X_CSRF_Token": "another"}, {"Origin": "https://evil.test"}):
            ask(client.at(client.url), "POST", path, body, **header)
    if client.get("/me").status != 200:  # the log-out above went well: nothing is checked in this mode
        said.append(("POST", "/login", client.log_in(*people[0])))
        said.append(("POST", "/cart/items", client.add("i1", 3)))
    said.append(("POST", "/cart/items", client.add("i1", 1_000_000)))
    ask(client, "POST", "/logout")
    ask(Client(stack_url), "POST", "/logout")
    return said


@pytest.mark.stack
@pytest.mark.parametrize("mode", MODES)
def test_every_answer_is_one_that_the_document_describes(
    standing: LocalStacks, people: People, document: dict[str, Any], mode: str
) -> None:
    stack = standing.stacks[mode]
    # Without the proxy, which has problems of its own, and on one worker, so that also `memory` serves.
    said = conversation(stack.workers[0].url, people)
    for method, path, answer in said:
        hold(document, method, path, answer)
    met = {(method, path) for method, path, answer in said if answer.status < 300}
    assert met == CALLS, "some call never went well, so that its answer was not looked at"
    statuses = {answer.status for _, _, answer in said}
    assert statuses >= {200, 204, 401, 404, 405, 409, 413, 415, 422, 400}
    assert (403 in statuses) == (MODES[mode].credential == "cookie+csrf")


def test_the_document_is_openapi_3_1_whose_references_and_schemas_hold(document: dict[str, Any]) -> None:
    assert re.fullmatch(r"3\.1\.\d+", document["openapi"])
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    todo: list[Any] = [document]
    while todo:
        node = todo.pop()
        if isinstance(node, dict):
            if "$ref" in node:
                assert looked_up(document, node)
            todo += node.values()
        elif isinstance(node, list):
            todo += node


def test_the_document_lists_the_calls_of_the_service(document: dict[str, Any]) -> None:
    listed = {(method.upper(), path) for path, calls in document["paths"].items() for method in calls}
    assert listed == CALLS


def test_the_document_lists_the_reasons_of_the_service(document: dict[str, Any]) -> None:
    assert set(document["components"]["schemas"]["Reason"]["enum"]) == set(REASONS)


def test_every_reason_stands_at_an_answer_with_its_status(document: dict[str, Any]) -> None:
    statuses: dict[str, list[Any]] = {}
    for status, name in OF_NO_PATH.items():
        statuses[str(status)] = [document["components"]["responses"][name]]
    for calls in document["paths"].values():
        for call in calls.values():
            for status, response in call["responses"].items():
                statuses.setdefault(status, []).append(looked_up(document, response))
    for reason, (status, _) in REASONS.items():
        if reason != "internal_error":  # a bug is promised by no call
            described = [response["description"] for response in statuses.get(str(int(status)), [])]
            assert any(f"`{reason}`" in text for text in described), f"{reason} stands at no {int(status)}"


def test_the_security_schemes_are_the_modes_credentials(document: dict[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"]
    assert {(scheme["type"], scheme.get("name", scheme.get("scheme"))) for scheme in schemes.values()} == {
        *(("apiKey", cookie) for cookie in COOKIES),
        ("http", "bearer"),
        ("apiKey", "X-Lab-User"),
        ("apiKey", "X-CSRF-Token"),
    }
