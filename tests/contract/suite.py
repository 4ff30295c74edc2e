"""What every mode must do, and what its traits say that it can't."""

from __future__ import annotations

import pytest

from authlab.model.mode import Credential, Mode
from authlab.stack.local import LocalStacks
from authlab.stack.local_stack import LocalStack
from tests.contract.client import Answer, Client
from tests.standing import People

JSON = {"Content-Type": "application/json"}
ROUTED_BY_COOKIE = ("sticky-cookie", "hash", "consistent-hash")
PROTECTED = (("GET", "/me"), ("GET", "/cart"), ("POST", "/cart/items"), ("POST", "/logout"))


CHALLENGES: dict[Credential, str] = {
    "header": "LabUser ",
    "cookie": "Cookie ",
    "cookie+csrf": "Cookie ",
    "bearer": "Bearer ",
}
"""How the challenge of a 401 begins, by how the credential travels."""


def of(*modes: Mode) -> pytest.MarkDecorator:
    """Mark a class: its tests are about each of these modes."""
    return pytest.mark.parametrize("mode", modes, ids=[mode.name for mode in modes])


def cookie_of(stack: LocalStack) -> str:
    """The name of the cookie that holds the credential. The port is part of it: ports don't separate cookies."""
    return f"{stack.mode.cookie}_{stack.url.rpartition(':')[2]}"


def garbage(stack: LocalStack) -> dict[str, str]:
    """Headers with a credential of the mode's kind that nobody was given."""
    mode = stack.mode
    text = "not.a.token" if mode.signature else "x" * 43
    if mode.cookie:
        return {"Cookie": f"{cookie_of(stack)}={text}"}
    return {"Authorization": f"Bearer {text}"} if mode.credential == "bearer" else {"X-Lab-User": "nobody"}


class Contract:
    """What the tests of all kinds share. `mode` is the mode that a test is about."""

    mode: Mode

    @pytest.fixture(autouse=True)
    def about(self, mode: Mode) -> None:
        """The mode, for the methods that are no fixtures."""
        self.mode = mode

    @pytest.fixture
    def stack(self, standing: LocalStacks, mode: Mode) -> LocalStack:
        """The stack of this mode."""
        return standing.stacks[mode.name]

    def logged_in(self, stack: LocalStack, person: tuple[str, str]) -> Client:
        """Somebody logged in, at an address where the session can be reached."""
        client = Client(stack.url)
        answer = client.log_in(*person)
        assert answer.status == 200, answer
        if self.mode.traits.any_worker_serves:
            return client
        return client.at(next(worker.url for worker in stack.workers if worker.name == answer.worker))

    def everywhere(self, stack: LocalStack, client: Client, path: str = "/me") -> list[Answer]:
        """What each worker itself answers to the client."""
        return [client.at(worker.url).get(path) for worker in stack.workers]


class ModeContract(Contract):
    """What every mode must do."""

    # Logging in and out

    def test_a_log_in_answers_with_the_user_and_a_new_credential(self, stack: LocalStack, people: People) -> None:
        first, second = self.logged_in(stack, people[0]), self.logged_in(stack, people[0])
        assert first.get("/me").json == second.get("/me").json == {"user": people[0][0]}
        if self.mode.traits.authenticates:
            assert first.credential()
            assert second.credential()
            assert first.credential() != second.credential()
        else:
            assert first.credential() is None

    def test_a_second_log_in_never_keeps_the_first_ones_credential(self, stack: LocalStack, people: People) -> None:
        client = self.logged_in(stack, people[0])
        before = client.credential()
        assert client.log_in(*people[1]).status == 200
        assert client.get("/me").json == {"user": people[1][0]}
        if self.mode.traits.authenticates:
            assert client.credential() != before

    def test_a_wrong_password_and_an_unknown_user_are_refused_alike(self, stack: LocalStack, people: People) -> None:
        client = Client(stack.url)
        unknown = client.log_in("nobody", "wrong")
        assert (unknown.status, unknown.reason) == (401, "bad_credentials")
        wrong = client.log_in(people[0][0], "wrong")
        if self.mode.traits.authenticates:
            assert (wrong.status, wrong.json) == (401, unknown.json)
            assert wrong.session_cookie() is None
        else:
            assert wrong.status == 200, "no password is looked at in a mode that authenticates nobody"

    def test_log_out_is_refused_on_every_worker_at_once_if_revocable(self, stack: LocalStack, people: People) -> None:
        client = self.logged_in(stack, people[0])
        kept = client.at(client.url)  # as a thief has it: whatever the server tells the client to forget
        assert client.post("/logout").status == 204
        answers = self.everywhere(stack, kept)
        if self.mode.traits.revocable:
            reason = "unknown_session" if self.mode.keeps_sessions else "revoked"
            assert [(answer.status, answer.reason) for answer in answers] == [(401, reason)] * 3
        else:
            assert [answer.status for answer in answers] == [200] * 3

    def test_log_out_ends_no_other_session_of_the_same_user(self, stack: LocalStack, people: People) -> None:
        leaving, staying = self.logged_in(stack, people[0]), self.logged_in(stack, people[0])
        assert leaving.post("/logout").status == 204
        assert staying.get("/me").json == {"user": people[0][0]}

    # Which worker serves

    def test_any_worker_serves_as_the_trait_says(self, stack: LocalStack, people: People) -> None:
        client = Client(stack.url)
        client.log_in(*people[0])
        answers = [client.get("/me") for _ in range(12)]
        served = [answer for answer in answers if answer.status == 200]
        if self.mode.traits.any_worker_serves:
            assert len(served) == 12
        else:
            assert 3 <= len(served) <= 5, "one worker of three knows the session"
            assert {answer.reason for answer in answers if answer.status == 401} == {"unknown_session"}
            assert len(served) + sum(answer.status == 401 for answer in answers) == 12
        met = {answer.worker for answer in answers}
        assert len(met) == (3 if self.mode.routing == "round-robin" else 1)

    def test_another_worker_knows_the_session_only_where_losing_one_does_no_harm(
        self, stack: LocalStack, people: People
    ) -> None:
        client = Client(stack.url)
        home = client.log_in(*people[0]).worker
        others = [client.at(worker.url).get("/me") for worker in stack.workers if worker.name != home]
        expected = 200 if self.mode.traits.survives_worker_loss else 401
        assert [answer.status for answer in others] == [expected] * 2

    # The cart, and who it belongs to

    def test_what_is_added_is_seen_by_the_next_read(self, stack: LocalStack, people: People) -> None:
        client = self.logged_in(stack, people[0])
        assert client.get("/cart").json == {"user": people[0][0], "cart": {}}
        for item, quantity in (("i1", None), ("i2", 4), ("i1", 2)):
            added = client.add(item, quantity)
            assert added.status == 200
            assert client.get("/cart").json["cart"] == added.json["cart"]
        assert client.get("/cart").json["cart"] == {"i1": 3, "i2": 4}

    def test_a_new_log_in_starts_with_an_empty_cart(self, stack: LocalStack, people: People) -> None:
        assert self.logged_in(stack, people[0]).add("i1").status == 200
        assert self.logged_in(stack, people[0]).get("/cart").json["cart"] == {}

    def test_two_users_are_never_mixed_up(self, stack: LocalStack, people: People) -> None:
        clients = [(name, self.logged_in(stack, (name, password))) for name, password in people[:2]]
        for _ in range(6):
            for name, client in clients:
                assert client.get("/me").json == {"user": name}
                assert client.add(f"of-{name}").status == 200
        for name, client in clients:
            assert client.get("/cart").json == {"user": name, "cart": {f"of-{name}": 6}}

    # Refusals

    @pytest.mark.parametrize(("method", "path"), PROTECTED)
    def test_without_a_credential_the_answer_is_missing(self, stack: LocalStack, method: str, path: str) -> None:
        body = '{"item": "i1"}' if path == "/cart/items" else None
        answer = Client(stack.url).ask(method, path, body, JSON if body else {})
        assert (answer.status, answer.reason) == (401, "missing")
        assert answer.headers["www-authenticate"].startswith(CHALLENGES[self.mode.credential])

    @pytest.mark.parametrize(("method", "path"), PROTECTED)
    def test_a_credential_that_nobody_was_given_is_refused(self, stack: LocalStack, method: str, path: str) -> None:
        body = '{"item": "i1"}' if path == "/cart/items" else None
        answer = Client(stack.url).ask(method, path, body, garbage(stack) | (JSON if body else {}))
        if self.mode.cookie and path == "/logout":  # it is over already, and the browser must get rid of it
            assert answer.status == 204
            assert (answer.session_cookie() or "").startswith(f"{cookie_of(stack)}=;")
            return
        assert (answer.status, answer.reason) == (401, "malformed" if self.mode.signature else "unknown_session")

    @pytest.mark.parametrize("path", ["/login", "/cart/items", "/logout"])
    def test_a_form_is_refused(self, stack: LocalStack, people: People, path: str) -> None:
        client = self.logged_in(stack, people[0])
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = client.ask("POST", path, "username=a&password=b&item=i1", form)
        assert (answer.status, answer.reason) == (415, "unsupported_media_type")
        assert client.get("/me").status == 200, "the refused form must not have logged anybody out"

    @pytest.mark.parametrize("path", ["/login", "/cart/items"])
    @pytest.mark.parametrize("body", ["", "{", '{"item": NaN}', '{"item": "a", "item": "b"}', "[" * 5000])
    def test_malformed_json_is_refused(self, stack: LocalStack, people: People, path: str, body: str) -> None:
        answer = self.logged_in(stack, people[0]).ask("POST", path, body, JSON)
        assert (answer.status, answer.reason) == (400, "malformed_json")

    @pytest.mark.parametrize(
        ("method", "path"),
        [("POST", "/refresh"), ("GET", "/.well-known/jwks.json"), ("GET", "/nothing"), ("GET", "/me/")],
    )
    def test_there_is_nothing_at_other_paths(self, stack: LocalStack, method: str, path: str) -> None:
        answer = Client(stack.url).ask(method, path)
        assert (answer.status, answer.reason) == (404, "not_found")

    @pytest.mark.parametrize(("method", "path"), [("GET", "/login"), ("DELETE", "/me"), ("GET", "/logout")])
    def test_a_wrong_method_is_told_the_right_ones(self, stack: LocalStack, method: str, path: str) -> None:
        answer = Client(stack.url).ask(method, path)
        assert (answer.status, answer.reason) == (405, "method_not_allowed")
        assert answer.headers["allow"] == ("GET, HEAD" if path == "/me" else "POST")

    # Headers

    @pytest.mark.parametrize("path", ["/healthz", "/"])
    def test_public_pages_make_no_session(self, stack: LocalStack, path: str) -> None:
        answer = Client(stack.url).get(path)
        assert answer.status == 200
        assert answer.session_cookie() is None

    @pytest.mark.parametrize(
        ("method", "path", "status"), [("GET", "/healthz", 200), ("GET", "/me", 401), ("GET", "/nothing", 404)]
    )
    def test_every_answer_names_its_worker_and_may_not_be_kept(
        self, stack: LocalStack, method: str, path: str, status: int
    ) -> None:
        answer = Client(stack.url).ask(method, path)
        assert answer.status == status
        assert answer.worker in {worker.name for worker in stack.workers}
        assert answer.headers["cache-control"] == "no-store"

    @pytest.mark.parametrize(("method", "path"), [*PROTECTED, ("GET", "/"), ("GET", "/nothing"), ("PUT", "/me")])
    def test_every_answer_is_taken_for_what_it_says_and_can_do_nothing_as_a_page(
        self, stack: LocalStack, people: People, method: str, path: str
    ) -> None:
        for client in (self.logged_in(stack, people[0]), Client(stack.url)):
            answer = client.ask(method, path, '{"item": "i1"}' if path == "/cart/items" else None, JSON)
            assert answer.headers["x-content-type-options"] == "nosniff"
            policy = None if answer.status == 204 else "default-src 'none'; frame-ancestors 'none'"
            assert answer.headers.get("content-security-policy") == policy

    def test_cookies_are_out_of_reach_of_scripts_and_other_sites(self, stack: LocalStack, people: People) -> None:
        answer = Client(stack.url).log_in(*people[0])
        has_cookie = self.mode.cookie != ""
        assert (answer.session_cookie() is not None) == has_cookie
        assert len(answer.set_cookies) == has_cookie + (self.mode.routing in ROUTED_BY_COOKIE)
        for line in answer.set_cookies:
            attributes = {part.strip().lower() for part in line.split(";")[1:]}
            assert {"httponly", "samesite=lax", "path=/"} <= attributes

    def test_a_request_id_passes_through(self, stack: LocalStack) -> None:
        for path in ("/healthz", "/me"):
            answer = Client(stack.url).get(path, {"X-Request-ID": "u7-42"})
            assert answer.headers["x-request-id"] == "u7-42"
