"""Each mode has one look, and it can be seen on both pages."""

from __future__ import annotations

import pytest

from authlab.model.modes import MODES
from authlab.report.palette import PARTS, look

PAPERS = ("#fbfaf7", "#ffffff", "#15171a", "#1b1e22")


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", [*MODES, "jwt-es256", "signed-cookie", *(f"mine-{n}" for n in range(24))])
def test_a_modes_colour_stands_out_on_light_and_dark_paper(name: str) -> None:
    assert min(contrast(look(name).colour, paper) for paper in PAPERS) >= 3


def test_parts_of_the_stack_stand_out_too() -> None:
    assert min(contrast(colour, paper) for colour in PARTS.values() for paper in PAPERS) >= 3


def test_modes_differ_in_shape_as_well_as_in_colour() -> None:
    looks = [look(name) for name in MODES]
    assert len({seen.colour for seen in looks}) == len({seen.shape for seen in looks}) == len(looks)


def test_a_modes_own_name_gives_it_the_same_look_every_time() -> None:
    assert look("my-mode") == look("my-mode")


def test_the_a_a_twin_has_its_modes_colour_and_is_hollow() -> None:
    assert look("none-again").colour == look("none").colour
    assert look("none-again").hollow
