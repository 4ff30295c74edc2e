"""The contract in every mode, and what is particular to a kind of credential."""

from __future__ import annotations

import pytest

from authlab.model.modes import MODES
from authlab.stack.local_stack import LocalStack
from tests.contract.client import Client
from tests.contract.suite import Contract, ModeContract, cookie_of, of
from tests.standing import People

pytestmark = pytest.mark.stack

ALL = MODES.values()


@of(*ALL)
class TestEveryMode(ModeContract):
    """What all modes must do."""


@of(*(mode for mode in ALL if mode.cookie))
class TestCookie(Contract):
    """The modes whose credential is in a cookie."""

    def test_log_out_takes_the_cookie_away(self, stack: LocalStack, people: People) -> None:
        client = self.logged_in(stack, people[0])
        answer = client.post("/logout")
        assert answer.status == 204
        assert "Max-Age=0" in (answer.session_cookie() or "")
        assert cookie_of(stack) not in client.cookies


@of(*(mode for mode in ALL if mode.cookie and mode.keeps_sessions))
class TestSession(Contract):
    """The modes whose cookie holds the id of a session."""

    def test_a_planted_session_id_is_not_taken_over(self, stack: LocalStack, people: People) -> None:
        victim = Client(stack.url, cookies={cookie_of(stack): "p" * 43})
        assert victim.log_in(*people[0]).status == 200
        assert victim.cookies[cookie_of(stack)] != "p" * 43


@of(*(mode for mode in ALL if mode.signature))
class TestToken(Contract):
    """The modes whose workers sign what the client shows."""

    def test_a_token_with_another_signature_is_refused(self, stack: LocalStack, people: People) -> None:
        client = self.logged_in(stack, people[0])
        if self.mode.cookie:
            name = cookie_of(stack)
            client.cookies[name] = _signed_otherwise(client.cookies[name])
        else:
            client.headers["Authorization"] = _signed_otherwise(client.headers["Authorization"])
        answers = self.everywhere(stack, client)
        assert [(answer.status, answer.reason) for answer in answers] == [(401, "bad_signature")] * 3


@of(*(mode for mode in ALL if mode.credential == "cookie+csrf"))
class TestCsrf(Contract):
    """The modes that ask for a CSRF token beside the cookie."""

    CHANGES = (("/cart/items", {"item": "forged"}), ("/logout", None))

    def refused_without_effect(self, stack: LocalStack, client: Client, headers: dict[str, str], reason: str) -> None:
        """Whatever changes something is refused with this reason, on every worker, and changes nothing."""
        client.add("i1")
        before = dict(client.cookies)
        for worker in stack.workers:
            for path, body in self.CHANGES:
                answer = client.at(worker.url).post(path, body, headers)
                assert (answer.status, answer.reason) == (403, reason), (worker.name, path)
                assert answer.set_cookies == ()
        assert client.cookies == before
        assert client.get("/cart").json["cart"] == {"i1": 1}

    def test_a_call_without_csrf_token_changes_nothing(self, stack: LocalStack, people: People) -> None:
        client = self.logged_in(stack, people[0])
        self.refused_without_effect(stack, client, {"X-CSRF-Token": ""}, "csrf")
        client.csrf = {}
        for path, body in self.CHANGES:
            assert client.post(path, body).reason == "csrf"

    def test_another_log_ins_csrf_token_is_of_no_use(self, stack: LocalStack, people: People) -> None:
        for other in (people[1], people[0]):
            theirs = self.logged_in(stack, other).csrf
            self.refused_without_effect(stack, self.logged_in(stack, people[0]), theirs, "csrf")

    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "https://evil.test"},
            {"Origin": "http://evil.test", "Sec-Fetch-Site": "same-origin"},
            {"Origin": "null"},
            {"Origin": ""},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
        ],
    )
    def test_a_page_of_another_origin_changes_nothing_even_with_the_csrf_token(
        self, stack: LocalStack, people: People, headers: dict[str, str]
    ) -> None:
        self.refused_without_effect(stack, self.logged_in(stack, people[0]), headers, "forged")
        login = Client(stack.url).post("/login", {"username": people[0][0], "password": people[0][1]}, headers)
        assert (login.status, login.reason) == (403, "forged"), "else a page could log its visitor in as somebody else"
        assert login.set_cookies == ()

    def test_the_services_own_page_may_call(self, stack: LocalStack, people: People) -> None:
        for headers in ({"Origin": stack.url}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}):
            client = Client(stack.url, headers=headers)
            assert client.log_in(*people[0]).status == 200
            assert client.add("i1").json["cart"] == {"i1": 1}
            assert client.post("/logout").status == 204

    def test_reading_needs_no_csrf_token_and_no_origin(self, stack: LocalStack, people: People) -> None:
        client = self.logged_in(stack, people[0])
        client.csrf = {}
        for path in ("/me", "/cart"):
            assert client.get(path, {"Origin": "https://evil.test", "Sec-Fetch-Site": "cross-site"}).status == 200

    def test_the_csrf_token_stays_while_the_token_changes(self, stack: LocalStack, people: People) -> None:
        client = self.logged_in(stack, people[0])
        tokens = {client.credential()}
        for _ in range(3):
            answer = client.add("i1")
            assert "csrf_token" not in answer.json
            assert answer.json["expires_in"] == 3600
            tokens.add(client.credential())
        assert len(tokens) == 4
        assert client.get("/cart").json["cart"] == {"i1": 3}

    def test_no_answer_shows_the_token_to_scripts(self, stack: LocalStack, people: People) -> None:
        client = Client(stack.url)
        bodies = [client.log_in(*people[0]).body, client.add("i1").body, client.get("/me").body]
        assert not any(b"eyJ" in body for body in bodies)

    def test_the_token_of_a_cookie_is_no_bearer_token(self, stack: LocalStack, people: People) -> None:
        token = self.logged_in(stack, people[0]).credential()
        answer = Client(stack.url, headers={"Authorization": f"Bearer {token}"}).get("/me")
        assert (answer.status, answer.reason) == (401, "missing")


def _signed_otherwise(token: str) -> str:
    head, body, _ = token.split(".")
    return f"{head}.{body}.{'A' * 43}"


def test_every_mode_is_of_a_kind() -> None:
    assert {mode.name for mode in ALL if mode.cookie or mode.signature or mode.credential == "header"} == set(MODES)
