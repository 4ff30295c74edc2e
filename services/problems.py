"""Every refusal of the service: a reason for machines, a status and a title, as RFC 9457 problems."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

Header = tuple[str, str]

RETRY_AFTER_S: Final = 1
"""What `Retry-After` says while the store is away or full. Both end within seconds, or need an operator."""

REASONS: Final[dict[str, tuple[HTTPStatus, str]]] = {
    # the request itself
    "malformed_json": (HTTPStatus.BAD_REQUEST, "The body is not JSON"),
    "malformed_cart": (HTTPStatus.BAD_REQUEST, "The X-Lab-Cart header is not a cart"),
    "bad_request": (HTTPStatus.BAD_REQUEST, "The request can't be read"),
    "uri_too_long": (HTTPStatus.REQUEST_URI_TOO_LONG, "The request line is too long"),
    "headers_too_large": (HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The headers are too many or too large"),
    "expectation_failed": (HTTPStatus.EXPECTATION_FAILED, "The Expect header asks for something unknown"),
    "unsupported_transfer_coding": (HTTPStatus.NOT_IMPLEMENTED, "The transfer coding is unknown"),
    "not_found": (HTTPStatus.NOT_FOUND, "There is nothing at this path"),
    "method_not_allowed": (HTTPStatus.METHOD_NOT_ALLOWED, "This path has no such method"),
    "body_too_large": (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large"),
    "unsupported_media_type": (HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Only application/json is read"),
    "invalid_body": (HTTPStatus.UNPROCESSABLE_ENTITY, "The body has a member of the wrong kind"),
    "cart_full": (HTTPStatus.CONFLICT, "The cart is full"),
    # who is asking
    "bad_credentials": (HTTPStatus.UNAUTHORIZED, "User name or password is wrong"),
    "missing": (HTTPStatus.UNAUTHORIZED, "No credential was sent"),
    "unknown_session": (HTTPStatus.UNAUTHORIZED, "No such session"),
    "expired": (HTTPStatus.UNAUTHORIZED, "The credential has expired"),
    "revoked": (HTTPStatus.UNAUTHORIZED, "The credential was revoked"),
    "malformed": (HTTPStatus.UNAUTHORIZED, "The token can't be read"),
    "bad_signature": (HTTPStatus.UNAUTHORIZED, "The token's signature does not hold"),
    "bad_claims": (HTTPStatus.UNAUTHORIZED, "The token is not for this service"),
    "not_yet_valid": (HTTPStatus.UNAUTHORIZED, "The token is not valid yet"),
    # on whose behalf
    "forged": (HTTPStatus.FORBIDDEN, "The request comes from another site"),
    "csrf": (HTTPStatus.FORBIDDEN, "The X-CSRF-Token header is missing or not that of this log-in"),
    # what the service needs
    "store_unavailable": (HTTPStatus.SERVICE_UNAVAILABLE, "The session store does not answer"),
    "store_full": (HTTPStatus.SERVICE_UNAVAILABLE, "The session store is full"),
    "internal_error": (HTTPStatus.INTERNAL_SERVER_ERROR, "The service has a bug"),
}
"""Reason → status and title. `openapi.yaml` lists the same reasons; a test compares the two."""


class Problem(Exception):
    """A refusal. Any code below a view can raise it; the answer is `application/problem+json`.

    `reason` is one of `REASONS`. `detail` is for people and never repeats a credential that the client sent.
    """

    def __init__(self, reason: str, detail: str | None = None, headers: Sequence[Header] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status, self.title = REASONS[reason]
        self.detail = self.title + "." if detail is None else detail
        self.headers = tuple(headers)
        if self.status is HTTPStatus.SERVICE_UNAVAILABLE:
            self.headers += (("Retry-After", str(RETRY_AFTER_S)),)

    def document(self) -> dict[str, object]:
        """The problem document of RFC 9457, section 3, with our extension member `reason`."""
        return {
            "type": f"urn:authlab:problem:{self.reason}",
            "title": self.title,
            "status": int(self.status),
            "detail": self.detail,
            "reason": self.reason,
        }
