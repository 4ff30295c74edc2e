"""What tests of harmed stacks share."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from authlab.stack.secrets import Secrets


@pytest.fixture
def own(secrets: Secrets, tmp_path: Path) -> Secrets:
    """Secrets that a fault may change."""
    folder = tmp_path / "secrets"
    shutil.copytree(secrets.folder, folder)
    folder.chmod(0o700)
    return replace(secrets, folder=folder)
