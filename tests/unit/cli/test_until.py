"""`--until`: what is right is handed to the lab as it was meant."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from authlab.experiments.experiment import Experiment
from authlab.experiments.options import Options, Precision
from authlab.model.errors import Unavailable
from tests.unit.cli.calling import call


@pytest.mark.parametrize(
    ("words", "precision", "budget_s"),
    [
        ((), None, 175.0),
        (("--until", "cpu=2%"), Precision("cpu_us", 0.02), 600.0),
        (("--until", "CPU=0.02"), Precision("cpu_us", 0.02), 600.0),
        (("--until", " p50=5 % "), Precision("p50_ms", 0.05), 600.0),
        (("--until", "cpu=0.1%", "--for", "20m"), Precision("cpu_us", 0.001), 1200.0),
        (("--until", "p50=50%", "--mode", "jwt"), Precision("p50_ms", 0.5), 600.0),
        (("three-modes", "--until", "cpu=2.5%"), Precision("cpu_us", 0.025), 600.0),
    ],
)
def test_a_precision_is_handed_to_the_lab_with_the_time_that_it_may_take(
    words: tuple[str, ...],
    precision: Precision | None,
    budget_s: float,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    asked: list[Options] = []

    def note(experiments: Sequence[Experiment], options: Options, **_more: object) -> None:
        assert [experiment.id for experiment in experiments] == ["three-modes"]
        asked.append(options)
        raise Unavailable("that will do")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("authlab.lab.run.run_experiments", note)
    assert call("run", *words, "--plain") == 69
    (options,) = asked
    assert (options.until, options.budget_s) == (precision, budget_s)
