"""The compose file of a mode follows from its declaration, and the kept ones are those that are made from it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.generated import compose_files

from authlab.host.content import content_root
from authlab.model.mode import Mode
from authlab.model.modes import MODES, ROUTINGS
from authlab.stack.compose.mode_file import compose_file

COMPOSE = content_root() / "compose"


def services(mode: Mode, folder: Path | None = None) -> dict[str, Any]:
    """Those of the mode's file."""
    found: dict[str, Any] = yaml.safe_load(compose_file(mode, folder))["services"]
    return found


def test_the_kept_files_are_what_is_made_from_the_modes() -> None:
    for file, text in compose_files(content_root()).items():
        assert file.read_text() == text, f"{file.name}: make generated"


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
def test_there_is_a_store_where_the_mode_needs_one_and_the_workers_reach_it(mode: Mode) -> None:
    found = services(mode)
    assert ("redis" in found) == ("link" in found) == ("networks" in found["worker"]) == mode.needs_store
    assert found["worker"]["environment"]["AUTHLAB_STATE"] == mode.state


@pytest.mark.parametrize("routing", ROUTINGS)
def test_every_routing_has_its_file_of_nginx_wherever_the_compose_file_stands(routing: str) -> None:
    mode = replace(MODES["redis"], name="own", routing=routing)
    for volume in services(mode, COMPOSE)["proxy"].get("volumes", []):
        assert Path(volume.partition(":")[0]).is_file()
    assert ("volumes" in services(mode)["proxy"]) == (routing != "round-robin")


def test_keys_in_the_store_are_the_modes_own() -> None:
    environment = services(replace(MODES["redis"], name="own"))["worker"]["environment"]
    assert environment["AUTHLAB_REDIS_PREFIX"] == "authlab:own:"


def test_a_folder_of_any_name_is_named_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / 'a "b" c'
    (file,) = yaml.safe_load(compose_file(MODES["jwt"], folder))["include"]
    assert file == str(folder / "common.yml")
