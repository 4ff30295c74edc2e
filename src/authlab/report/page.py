"""The frame of every page: one file that holds its styles, scripts and charts, and asks nothing of a network."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import jinja2
from markupsafe import Markup, escape

from authlab.host.chart_script import chart_script
from authlab.report.drawing.marks import height_of
from authlab.report.drawing.theme import FILE_TONES, PAGE_TONES, config
from authlab.report.figure import Figure
from authlab.report.palette import look
from authlab.report.words import tidy

TEMPLATES: Final = Path(__file__).parent / "templates"
VERDICTS: Final = ("confirmed", "refuted", "inconclusive", "same", "better", "worse")
"""Words that have a colour and a sign of their own."""


@dataclass(frozen=True)
class Shown:
    """A figure as it stands on the page: the id of its element, the rank of its heading, and, for those who see no
    headings, what it is within.
    """

    key: str
    figure: Figure
    level: int = 3
    within: str = ""

    def at_level(self, level: int) -> Shown:
        """The same under a heading of that rank."""
        return replace(self, level=level)


def render_page(template: str, title: str, run_id: str, figures: Iterable[Shown], values: Mapping[str, Any]) -> str:
    """The HTML of a page template with its figures. Everything from `values` is escaped."""
    scripts = [_bundle(), _file("page.js")]
    return (
        _environment()
        .get_template(template)
        .render(
            values,
            headline=title,
            css=Markup(_file("page.css")),  # noqa: S704  (our own file)
            held=_held(run_id, figures),
            scripts=[Markup(script) for script in scripts],  # noqa: S704  (our own and vl-convert's)
            hashes=[Markup(_hash(script)) for script in scripts],  # noqa: S704  (base64)
        )
    )


def marked(text: str) -> Markup:
    """Text with `code` in backticks as HTML; all else is escaped."""
    return Markup(re.sub(r"`([^`<>]+)`", r"<code>\1</code>", str(escape(tidy(text)))))  # noqa: S704


def plain(text: str) -> str:
    """Text without the backticks around code."""
    return text.replace("`", "")


def _tidy(value: Any) -> Any:
    """Values without control characters and overrides of the text's direction, which would garble the page."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return tidy(value)
    return value


def _held(run_id: str, figures: Iterable[Shown]) -> str:
    """What the page's script draws and saves: charts, their tables, and every table as CSV; packed (zlib, base64).

    A table that goes with a chart is made when it is opened. One without a chart stands in the page itself.
    """
    body = {
        "run": run_id,
        "name": re.sub(r"[^A-Za-z0-9._-]+", "-", run_id).strip("-")[:80] or "report",
        "page": config(PAGE_TONES, None),
        "file": config(FILE_TONES, FILE_TONES["panel"]),
        "figures": {item.key: _figure(item.figure) for item in figures},
    }
    text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode(), 6)).decode()


def _figure(figure: Figure) -> dict[str, Any]:
    held: dict[str, Any] = {"title": plain(figure.title), "csv": figure.table.csv()}
    if figure.spec is not None:
        table = figure.table
        heads = [[tidy(column.title), column.numeric] for column in table.columns]
        rows = [[tidy(cell) for cell in row] for row in table.rows]
        held |= {"spec": figure.spec, "pad": figure.pad}
        held |= {"table": {"caption": tidy(table.caption), "columns": heads, "rows": rows}}
    return held


@functools.cache
def _bundle() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script, from vl-convert: no network, and no `eval`."""
    text = chart_script().replace("\r\n", "\n")
    # Either would end the script element early.
    return text.replace("</script", "<\\/script").replace("<!--", "<\\!--")


@functools.cache
def _file(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_tidy,
    )
    environment.filters["marked"] = marked
    environment.filters["plain"] = plain
    environment.globals.update(look=look, height_of=height_of, verdicts=VERDICTS)
    return environment


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
