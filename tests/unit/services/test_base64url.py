"""base64url: one spelling for each sequence of bytes, and no other text is read."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from services import base64url


def by_the_library(text: str) -> bytes | None:
    """What Python's lenient decoder reads, if that is spelt as `text` and not otherwise."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    return raw if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() == text else None


@given(raw=st.binary(max_size=200))
def test_what_is_spelt_is_read_back(raw: bytes) -> None:
    text = base64url.encode(raw)
    assert by_the_library(text) == raw
    assert base64url.decode(text) == raw


@given(text=st.text(max_size=20) | st.text(alphabet="AQgwZz09-_+/=\n", max_size=12))
def test_nothing_is_read_that_has_another_spelling(text: str) -> None:
    try:
        read = base64url.decode(text)
    except ValueError:
        read = None
    assert read == by_the_library(text)


@pytest.mark.parametrize("text", ["A", "AB", "AAB", "AA==", "AA=", "+A", "/A", "A A", "AA\n", "=", "é", "AAAAA"])
def test_these_are_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whichever kind of it
        base64url.decode(text)
