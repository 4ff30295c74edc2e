"""`authlab doctor` looks for what the browser lab needs, which no other run does."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest

from authlab.lab import diagnosis
from authlab.model.errors import Unavailable

SUBJECTS = ("Chromium", "Playwright and trustme", "browser lab's page")


def findings(results: Path) -> dict[str, diagnosis.Finding]:
    return {finding.subject: finding for finding in diagnosis.diagnose(results)}


def test_what_the_browser_lab_needs_is_looked_for_and_no_run_depends_on_it(tmp_path: Path) -> None:
    found = findings(tmp_path)
    for subject in SUBJECTS:
        assert found[subject].state == "good" or not found[subject].needed


def test_what_is_missing_is_told_with_its_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    monkeypatch.setenv("AUTHLAB_CHROMIUM", "")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PLAYWRIGHT_BROWSERS_PATH", raising=False)

    def not_built() -> NoReturn:
        raise Unavailable("the browser lab's app is not built. Remedy: make spa")

    monkeypatch.setattr(diagnosis, "shipped_pages", not_built)
    found = findings(tmp_path)
    assert [found[subject].state for subject in SUBJECTS] == ["missing"] * 3
    assert not any(found[subject].needed for subject in SUBJECTS)
    assert "playwright install chromium" in found["Chromium"].remedy
    assert found["Playwright and trustme"].remedy == "pip install 'authlab[browser]'"
    assert found["browser lab's page"].remedy == "make spa"
    assert all("authlab run browser" in found[subject].text for subject in SUBJECTS)
