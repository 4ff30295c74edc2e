"""The evidence of an unexpected answer: a screenshot, and the requests as the browser and the API saw them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Error as PlaywrightError

from authlab.browser.drive.story import Story
from authlab.browser.order import Answer
from authlab.store.atomic import write_json


def keep_evidence(folder: Path, story: Story, answer: Answer) -> Answer:
    """Write `<name>.png` and `<name>.json` into `folder`. Returns the answer with the name. Credentials are
    shortened."""
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^a-z0-9]+", "-", answer.key.lower()).strip("-")[:100]
    try:
        story.page.screenshot(path=folder / f"{name}.png")
    except PlaywrightError as error:
        answer = replace(answer, note=f"{answer.note}; no picture: {error.message.splitlines()[0][:100]}")
    body = {"sent by the browser": story.trace, "seen by the API": story.asking.record(story.begun)}
    write_json(folder / f"{name}.json", body)
    return replace(answer, evidence=name)
