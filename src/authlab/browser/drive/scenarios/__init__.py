"""The single scenarios by name, in the order in which they run."""

from __future__ import annotations

from functools import partial
from typing import Final

from authlab.browser.drive.scenarios import cors, forging, injected, leaving, sibling, wire
from authlab.browser.drive.scene import Later, Scenario, Scene

SCENARIOS: Final[dict[str, Scenario]] = {
    "age": forging.age,
    "cors": cors.of_the_page,
    "cors-evil": cors.of_evil,
    "loose-json": forging.loose_json,
    "embedded-blocked": partial(forging.embedding, "blocked"),
    "embedded-allowed": partial(forging.embedding, "allowed"),
    "sibling": sibling.forged_form,
    "tossing": sibling.tossing,
    "fixation": sibling.fixation,
    "refresh": leaving.silent_refresh,
    "log-out": leaving.log_out_and_back,
    "csp": injected.content_security_policy,
    "wire": wire.tapped,
    "secure": wire.secure_cookie,
    "public": wire.public_pages_only,
    "hsts": wire.strict_transport,
}

__all__ = ["SCENARIOS", "Later", "Scene"]
