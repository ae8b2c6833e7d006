"""The colours of both themes meet WCAG AA, computed from the custom properties of style.css."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from loresmith import web

CSS = (Path(web.__file__).parent / "static" / "style.css").read_text("utf-8")

TEXT = 4.5
"""WCAG 2.2, 1.4.3: the least contrast of text with what is behind it."""
PARTS = 3.0
"""WCAG 2.2, 1.4.11: the same of borders and signs that one must see to use the page."""

PAIRS = [
    *((text, ground, TEXT) for text in ("ink", "soft") for ground in ("paper", "sheet", "sunken")),
    *(
        (text, ground, TEXT)
        for text in ("accent", "accent-strong", "warn", "bad")
        for ground in ("paper", "sheet", "sunken")
    ),
    *(
        (text, f"{tone}-soft", TEXT)
        for tone in ("accent", "warn", "bad")
        for text in ("ink", "soft", "accent-strong" if tone == "accent" else tone)
    ),
    ("ink", "mark", TEXT),
    ("on-accent", "accent", TEXT),
    ("on-accent", "accent-strong", TEXT),
    *(("edge", ground, PARTS) for ground in ("paper", "sheet")),
    *(("accent", ground, PARTS) for ground in ("paper", "sheet", "sunken", "accent-soft")),
]


def properties(selector: str) -> dict[str, str]:
    """The custom properties that the first rule of `selector` sets."""
    rule = re.search(re.escape(selector) + r"\s*\{(.*?)\}", CSS, flags=re.S)
    assert rule is not None, f"style.css has no rule for {selector}"
    return dict(re.findall(r"--([\w-]+):\s*([^;]+);", rule[1]))


def luminance(colour: str) -> float:
    """The relative luminance of `#rrggbb`, as WCAG defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Between 1 and 21."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


LIGHT = properties(":root")
DARK = properties(':root[data-theme="dark"]')


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground", "least"), PAIRS)
def test_what_is_written_can_be_read_on_what_is_behind_it(theme, text, ground, least):
    colours = LIGHT if theme == "light" else LIGHT | DARK
    assert contrast(colours[text], colours[ground]) >= least


def test_the_measure_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_a_dark_system_and_a_chosen_dark_theme_look_alike():
    assert properties(':root:not([data-theme="light"])') == DARK


def test_the_dark_theme_has_every_colour_of_its_own():
    colours = {name for name, value in LIGHT.items() if value.startswith(("#", "rgb"))}
    colours |= {"shadow"}
    assert colours == set(DARK)


def test_pages_use_the_custom_properties_and_no_colours_of_their_own():
    rules = re.sub(r":root[^{]*\{[^}]*\}", "", CSS)
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|\brgba?\([^)]*\)|\bhsla?\([^)]*\)", rules) == []
