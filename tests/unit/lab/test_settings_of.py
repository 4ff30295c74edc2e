"""The settings of an arm's workers: a planned pause never ends the worker that it freezes."""

from __future__ import annotations

import pytest

from authlab.lab.live import settings_of
from authlab.model.faults import PlannedFault
from authlab.model.modes import MODES
from authlab.model.plan import Arm


def _settings(*faults: PlannedFault, **own: str) -> dict[str, str]:
    return settings_of(Arm("sticky", MODES["sticky"], 3, 10, 50.0, faults=faults, settings=own))


@pytest.mark.parametrize("seconds", [1.0, 29.5, 35.0, 3600.0])
def test_gunicorn_waits_for_longer_than_a_worker_is_to_be_frozen(seconds: float) -> None:
    assert float(_settings(PlannedFault("pause-worker", 2.0, seconds))["AUTHLAB_SILENT_S"]) >= seconds + 30


def test_it_waits_for_all_pauses_together() -> None:
    pauses = [PlannedFault("pause-worker", at, 40.0) for at in (2.0, 45.0)]
    assert float(_settings(*pauses)["AUTHLAB_SILENT_S"]) >= 110


def test_other_faults_change_no_setting_and_an_arms_own_settings_win() -> None:
    assert _settings(PlannedFault("crash-worker", 2.0), PlannedFault("drain-worker", 2.0, 90.0)) == {}
    assert _settings(PlannedFault("pause-worker", 2.0, 5.0), AUTHLAB_SILENT_S="3") == {"AUTHLAB_SILENT_S": "3"}
