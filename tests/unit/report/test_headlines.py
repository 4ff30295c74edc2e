"""Headlines say what was found, and nothing that the run could not see."""

from __future__ import annotations

from authlab.report.drawing.ratios import ratio_axis
from authlab.report.estimates import Labelled
from authlab.report.figures.differences import differences_title
from authlab.report.figures.failures import failures_title
from authlab.report.measures.ratios import Section
from authlab.report.measures.refusals import Refusals


def cost(label: str, value: float, low: float, high: float) -> Labelled:
    return Labelled(value, low, high, label=label)


def section(*rows: Labelled) -> list[Section]:
    return [Section("cpu", "CPU per request", rows)]


def refusals(label: str, refused: int, share: float) -> Refusals:
    return Refusals(
        share, label=label, requests=3, refused=refused, failed=refused, other_share=0.0, other_low=None,
        other_high=None, predicted=None, formula="", margin=None, verdict=None,
    )  # fmt: skip


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def test_an_effect_whose_interval_holds_no_change_is_no_headline_whatever_the_a_a_pair_did() -> None:
    twin = cost("none-again", 1.08, 1.05, 1.11)
    found = section(cost("redis", 1.38, 1.36, 1.40), cost("sticky", 1.03, 0.98, 1.08), cost("jwt", 1.2, 0.9, 1.5), twin)
    assert plain(differences_title(found)) == (
        "CPU per request against `none`: `redis` +38 %; too small to see: `sticky`, `jwt`"
    )
    assert found[0].twins_agree is False


def test_where_nothing_stands_out_the_headline_says_so() -> None:
    found = section(cost("none-again", 1.0, 0.96, 1.05), cost("sticky", 1.01, 0.99, 1.04))
    assert differences_title(found) == "CPU per request against `none`: no difference that this run could see"


def test_refusals_are_told_with_who_refused_none() -> None:
    rows = [
        refusals("none", 0, 0.0),
        refusals("memory", 2, 2 / 3),
        refusals("jwt", 0, 0.0),
    ]
    assert plain(failures_title(rows)) == "`memory` refused 66.7 % of requests; `none` and `jwt` refused none"


def test_an_axis_of_ratios_has_few_even_ticks() -> None:
    for ends in ([0.97, 1.02], [0.9, 1.4], [0.5, 2.5], [0.2, 40.0], [1.0]):
        ticks = ratio_axis("value", ends, "")["axis"]["values"]
        assert 1 <= len(ticks) <= 7
        assert 1.0 in ticks
