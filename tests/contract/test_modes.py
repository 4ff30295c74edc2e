"""The contract, mode by mode, and what is particular to one."""

from __future__ import annotations

import pytest

from authlab.model.modes import MODES
from authlab.stack.local_stack import LocalStack
from tests.contract.client import SESSION_COOKIE, Client
from tests.contract.suite import ModeContract
from tests.standing import People

pytestmark = pytest.mark.stack


class CookieContract(ModeContract):
    """The modes whose credential is a session cookie."""

    garbage = {"Cookie": f"{SESSION_COOKIE}={'x' * 43}"}  # noqa: RUF012 - a constant of the class
    garbage_reason = "unknown_session"
    challenge = "Cookie "

    def test_a_planted_session_id_is_not_taken_over(self, stack: LocalStack, people: People) -> None:
        victim = Client(stack.url, cookies={SESSION_COOKIE: "p" * 43})
        assert victim.log_in(*people[0]).status == 200
        assert victim.cookies[SESSION_COOKIE] != "p" * 43

    def test_log_out_takes_the_cookie_away(self, stack: LocalStack, people: People) -> None:
        client = self.logged_in(stack, people[0])
        answer = client.post("/logout")
        assert answer.status == 204
        assert "Max-Age=0" in (answer.session_cookie() or "")
        assert SESSION_COOKIE not in client.cookies


class TestNone(ModeContract):
    mode_name = "none"
    garbage = {"X-Lab-User": "nobody"}  # noqa: RUF012
    garbage_reason = "unknown_session"
    challenge = "LabUser "


class TestMemory(CookieContract):
    mode_name = "memory"


class TestSticky(CookieContract):
    mode_name = "sticky"


class TestRedis(CookieContract):
    mode_name = "redis"


class TestJwt(ModeContract):
    mode_name = "jwt"
    garbage = {"Authorization": "Bearer not.a.token"}  # noqa: RUF012
    garbage_reason = "malformed"
    challenge = "Bearer "

    def test_a_token_with_another_signature_is_refused(self, stack: LocalStack, people: People) -> None:
        client = self.logged_in(stack, people[0])
        head, body, _ = client.headers["Authorization"].split(".")
        client.headers["Authorization"] = f"{head}.{body}.{'A' * 43}"
        answers = self.everywhere(stack, client)
        assert [(answer.status, answer.reason) for answer in answers] == [(401, "bad_signature")] * 3


def test_every_mode_has_its_class() -> None:
    tested = {TestNone, TestMemory, TestSticky, TestRedis, TestJwt}
    assert {each.mode_name for each in tested} == set(MODES)
