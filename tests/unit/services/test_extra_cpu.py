"""The planted cost: so much CPU time of the answering thread per request, and nothing else of the answer."""

from __future__ import annotations

from time import thread_time_ns

import pytest
from services.extra_cpu import ExtraCpu

from tests.unit.services.conftest import MakeService


@pytest.mark.parametrize("path", ["/healthz", "/me", "/nowhere"])
def test_every_request_burns_at_least_the_cpu_time_that_was_asked_for(make_service: MakeService, path: str) -> None:
    service = make_service("none", AUTHLAB_EXTRA_CPU_US="20000")
    plain = make_service("none").get(path)
    began = thread_time_ns()
    answer = service.get(path)
    assert thread_time_ns() - began >= 20_000_000
    assert (answer.status_code, answer.data) == (plain.status_code, plain.data)
    assert answer.headers["X-Worker"] == "worker-1"


def test_without_the_setting_nothing_stands_before_the_application(make_service: MakeService) -> None:
    application = make_service("none").client.application
    measured = make_service("none", AUTHLAB_EXTRA_CPU_US="0").client.application
    assert isinstance(measured.wsgi_app, ExtraCpu), "0 pays for the measuring, too, and for nothing else"
    assert application.wsgi_app.__func__ is type(application).wsgi_app  # type: ignore[attr-defined]
