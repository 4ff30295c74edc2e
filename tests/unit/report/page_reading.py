"""Reads a page as a strict reader would: every element closed in order, ids unique."""

from __future__ import annotations

import base64
import json
import zlib
from html.parser import HTMLParser
from typing import Any

VOID = {"meta", "link", "br", "img", "input", "hr", "path", "circle"}


class Page(HTMLParser):
    """Elements, texts and complaints of a page. Raises AssertionError for a tag that closes what is not open."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.scripts: list[tuple[dict[str, str], str]] = []
        self.feed(text)
        self.close()
        assert self.open == [], f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.elements.append((tag, found))
        if tag == "script":
            self.scripts.append((found, ""))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1] == tag, f"</{tag}> while {self.open[-3:]} is open"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            attrs, body = self.scripts[-1]
            self.scripts[-1] = (attrs, body + data)

    def all(self, *tags: str) -> list[tuple[str, dict[str, str]]]:
        """Elements of these tags, in order."""
        return [item for item in self.elements if item[0] in tags]

    def held(self) -> dict[str, Any]:
        """What the page's script draws and saves."""
        packed = next(body for attrs, body in self.scripts if attrs.get("id") == "held")
        body: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(packed)))
        return body
