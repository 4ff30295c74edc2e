"""schemathesis over `services/openapi.yaml`, in every mode: requests that the document allows, and forbidden ones.

None may end in a 5xx, and every answer must be one that the document describes.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
import schemathesis
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import CheckFunction
from schemathesis.specs.openapi.checks import ignored_auth, negative_data_rejection

from authlab.host.content import content_root
from authlab.model.modes import MODES
from authlab.stack.local import LocalStacks
from tests.contract.client import Client
from tests.standing import People

pytestmark = pytest.mark.stack


EXAMPLES = 12
"""Per mode, call and kind of request: what fits into a few seconds a mode."""

SCHEMA = schemathesis.openapi.from_dict(
    yaml.safe_load((content_root() / "services" / "openapi.yaml").read_text(encoding="utf-8"))
)
OPERATIONS = {operation.label: operation for operation in (result.ok() for result in SCHEMA.get_all_operations())}
CASES = {
    (label, kind.value): operation.as_strategy(generation_mode=kind)
    for label, operation in OPERATIONS.items()
    for kind in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    # nothing that the document forbids can be sent to a call without parameters
    if kind is GenerationMode.POSITIVE or operation.body or operation.headers
}


def excluded(mode: str, label: str) -> list[CheckFunction]:
    """Checks that don't hold by design.

    The credential is put in by the test, past schemathesis, which takes it for an invalid one that got through. And
    X-Lab-Cart, whatever is in it, is for the mode `none` only.
    """
    header_is_ignored = MODES[mode].credential != "header" and OPERATIONS[label].headers
    return [ignored_auth, *([negative_data_rejection] if header_is_ignored else [])]


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    """Connections that are kept."""
    with requests.Session() as kept:
        yield kept


STATES = {mode.state: name for name, mode in MODES.items()}
"""A mode of each way of keeping state: what answers a request is the same in all of them. The last one, because memory
behind round robin refuses most of what it is asked.
"""


@pytest.mark.parametrize("mode", STATES.values())
@pytest.mark.parametrize(("label", "kind"), CASES)
def test_no_request_ends_in_a_5xx(
    standing: LocalStacks, people: People, session: requests.Session, mode: str, label: str, kind: str
) -> None:
    client = Client(standing.stacks[mode].url)
    client.log_in(*people[0])
    credential = client.headers | client.csrf
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    if cookies:
        credential["Cookie"] = cookies

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(case=CASES[label, kind], logged_in=st.booleans())
    def holds(case: Case, logged_in: bool) -> None:
        session.cookies.clear()
        response = case.call(
            base_url=client.url, session=session, headers=credential if logged_in else None, timeout=10
        )
        assert response.status_code < 500, case.as_curl_command()
        case.validate_response(response, excluded_checks=excluded(mode, label))

    holds()
