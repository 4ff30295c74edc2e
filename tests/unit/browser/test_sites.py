"""Sites, flags and hand-over files of the browser lab."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest

from authlab.browser.chromium import NAMED, find_chromium, flags
from authlab.browser.order import Answer, Order, append_answer, read_answers
from authlab.browser.sites import Ports, nginx_conf, resolver_rules
from authlab.browser.tap import Tap
from authlab.model.errors import Damaged, Unavailable


def test_the_browser_is_told_of_the_labs_names_and_of_no_other() -> None:
    rules = resolver_rules(1443, 1080).split(", ")
    assert "MAP *.app.test:443 127.0.0.1:1443" in rules
    assert "MAP evil.test:80 127.0.0.1:1080" in rules
    assert rules[-1] == "MAP * ~NOTFOUND"
    assert all(re.search(r"127\.0\.0\.1:\d+$|~NOTFOUND$", rule) for rule in rules)


def test_nginx_listens_on_loopback_alone() -> None:
    listens = re.findall(r"listen (\S+?)[; ]", nginx_conf(Ports(1443, 1080, 1111, 1222)))
    assert len(listens) >= 11
    assert {address.partition(":")[0] for address in listens} == {"127.0.0.1"}


def test_a_mode_is_passed_on_only_where_one_is_shown() -> None:
    assert "127.0.0.1:1222" in nginx_conf(Ports(1443, 1080, 1111, 1222))
    assert "/mode/" not in nginx_conf(Ports(1443, 1080, 1111))


def test_only_the_pages_own_origin_is_told_to_the_mode_as_it_would_be_without_tls() -> None:
    text = nginx_conf(Ports(1443, 1080, 1111, 1222, "jwt-cookie"))
    (told,) = re.findall(r"map \$http_origin \$mode_origin \{ (.*?) \}", text)
    assert told == '"https://app.test" "http://app.test"; default $http_origin;'


def test_the_name_of_a_mode_of_ones_own_cannot_end_its_line_of_nginx_conf() -> None:
    text = nginx_conf(Ports(1443, 1080, 1111, 1222, "mine'; } evil {\n$host"))
    assert "return 200 'mine?? ? evil ???host';" in text


def test_certificates_are_overlooked_for_one_key_only() -> None:
    given = flags("MAP * ~NOTFOUND", "abc=")
    assert "--ignore-certificate-errors-spki-list=abc=" in given
    assert "--ignore-certificate-errors" not in given


def test_a_chromium_that_is_named_but_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAMED, "no-such-browser")
    with pytest.raises(Unavailable, match="no-such-browser"):
        find_chromium()


def test_where_there_is_no_chromium_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(NAMED, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PLAYWRIGHT_BROWSERS_PATH", raising=False)
    with pytest.raises(Unavailable, match="apt install chromium, or playwright install chromium"):
        find_chromium()


def test_an_order_and_its_answers_come_back_as_they_were_written(tmp_path: Path) -> None:
    order = Order(
        *("chromium", "profile", True, "abc=", 1, 2, 3, "credentials", (0, 9), "answers", "evidence"),
        cells=(("memory", "ride"),),
        scenarios=("cors",),
        predicted={"memory|ride: state changed": True},
    )
    order.write(tmp_path / "order.json")
    assert Order.read(tmp_path / "order.json") == order
    answers = [Answer("memory", "ride: state changed", True, "—"), Answer("x", "y", None)]
    for answer in answers:
        append_answer(tmp_path / "answers", answer)
    with (tmp_path / "answers").open("a") as file:
        file.write('{"subject": "torn')
    assert read_answers(tmp_path / "answers") == answers
    assert read_answers(tmp_path / "none yet") == []


def test_a_line_that_is_no_answer_is_damage_and_names_the_file_and_the_place(tmp_path: Path) -> None:
    file = tmp_path / "answers.jsonl"
    append_answer(file, Answer("x", "y", None))
    with file.open("a") as lines:
        lines.write('{"subject": "x", "quantity": "y", "value": "yes"}\n')
    with pytest.raises(Damaged, match=r"answers\.jsonl is damaged: .*got `str` - at `\$\[1\]\.value`"):
        read_answers(file)


def test_a_tap_hears_what_the_client_sends_and_passes_the_answer_back() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, Tap(server.getsockname()[1]) as tap:
        with socket.create_connection(("127.0.0.1", tap.port), 5) as client:
            client.sendall(b"secret")
            behind, _ = server.accept()
            with behind:
                assert behind.recv(100) == b"secret"
                behind.sendall(b"answer")
                assert client.recv(100) == b"answer"
        assert tap.heard() == b"secret"
