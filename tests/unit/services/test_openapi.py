"""`openapi.yaml` and the service know the same calls and the same reasons."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from services.app import create_app
from services.bodies import MAX_BODY_BYTES
from services.carts import MAX_ITEMS, MAX_QUANTITY
from services.problems import REASONS
from services.settings import Settings
from services.tokens import MAX_TOKEN_BYTES

from authlab.host.content import content_root

TEXT = (content_root() / "services" / "openapi.yaml").read_text()
DOCUMENT: dict[str, Any] = yaml.safe_load(TEXT)
SCHEMAS = DOCUMENT["components"]["schemas"]


def test_it_lists_every_call_and_no_other(make_settings: Callable[..., Settings]) -> None:
    listed = {(path, method.upper()) for path, calls in DOCUMENT["paths"].items() for method in calls}
    rules = create_app(make_settings("memory")).url_map.iter_rules()
    served = {(rule.rule, method) for rule in rules for method in (rule.methods or set()) - {"HEAD"}}
    assert listed == served


def test_it_lists_every_reason_with_its_status() -> None:
    assert SCHEMAS["Reason"]["enum"] == list(dict.fromkeys(SCHEMAS["Reason"]["enum"]))
    assert set(SCHEMAS["Reason"]["enum"]) == set(REASONS)
    said = dict(re.findall(r"- ([a-z_]+) +# (\d{3})", TEXT))
    assert said == {reason: str(int(status)) for reason, (status, _) in REASONS.items()}


def test_it_says_the_bounds_that_the_service_keeps() -> None:
    assert SCHEMAS["Items"]["maxProperties"] == MAX_ITEMS
    assert SCHEMAS["Quantity"]["maximum"] == MAX_QUANTITY
    assert SCHEMAS["Token"]["maxLength"] == MAX_TOKEN_BYTES
    assert f"{MAX_BODY_BYTES:,} bytes" in DOCUMENT["components"]["responses"]["BodyTooLarge"]["description"]


@pytest.mark.parametrize(("path", "method"), [(p, m) for p, calls in DOCUMENT["paths"].items() for m in calls])
def test_every_call_says_how_it_may_be_refused(path: str, method: str) -> None:
    call = DOCUMENT["paths"][path][method]
    statuses = set(call["responses"])
    if call.get("security") != []:
        assert {"401", "503"} <= statuses
    if "requestBody" in call:
        assert {"400", "413", "415", "422"} <= statuses
