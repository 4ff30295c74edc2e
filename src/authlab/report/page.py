"""The frame of every page: one file that holds its styles, scripts and charts, and asks nothing of a network."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import jinja2
from markupsafe import Markup, escape

from authlab.host.chart_script import chart_script
from authlab.report.charts.theme import FILE_TONES, PAGE_TONES, config, height_of
from authlab.report.figure import Figure
from authlab.report.palette import look
from authlab.report.words import tidy

TEMPLATES: Final = Path(__file__).parent / "templates"
VERDICTS: Final = ("confirmed", "refuted", "inconclusive", "same", "better", "worse")
"""Words that have a colour and a sign of their own."""


def render_page(
    template: str, title: str, run_id: str, figures: Mapping[str, Figure], values: Mapping[str, Any]
) -> str:
    """The HTML of a page template with its charts. Everything from `values` is escaped."""
    scripts = [_bundle(), _file("page.js")]
    return (
        _environment()
        .get_template(template)
        .render(
            values,
            headline=title,
            css=Markup(_file("page.css")),  # noqa: S704  (our own file)
            charts=Markup(_charts(run_id, figures)),  # noqa: S704  (JSON without < and &)
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


def _charts(run_id: str, figures: Mapping[str, Figure]) -> str:
    """The charts as JSON that can stand inside a script element."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", run_id).strip("-")[:80] or "report"
    body = {
        "run": run_id,
        "name": name,
        "page": config(PAGE_TONES, None),
        "file": config(FILE_TONES, FILE_TONES["panel"]),
        "charts": {
            key: {"spec": figure.spec, "pad": figure.pad, "title": plain(figure.title)}
            for key, figure in figures.items()
            if figure.spec is not None
        },
    }
    text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


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
