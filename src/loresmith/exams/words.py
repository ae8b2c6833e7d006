"""Reads text as tokens in which names, figures and dates of different spelling are equal."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from loresmith.text.figures import Figure, figures
from loresmith.text.normalising import normalise
from loresmith.text.units import measure_of


class Token(NamedTuple):
    """A word, a Chinese character or a figure, with where it stands in the text."""

    form: str
    """Comparable form: case, accents, hyphens and a plural s gone; `31000000 CNY` for a figure."""
    start: int
    end: int
    glued: bool = False
    """True when it belongs to one Latin word with the token before, as 200 does in `HX200`."""


class Place(NamedTuple):
    """Where a phrase was found in a text."""

    start: int
    end: int


@lru_cache(maxsize=4096)
def tokens_of(text: str) -> tuple[Token, ...]:
    """The tokens of `text`, without articles, titles such as `Dr` and the particle 的."""
    found: list[Token] = []
    position = 0
    for figure in figures(text):
        found += _words(text, position, figure.start)
        found.append(Token(_figure_form(figure), figure.start, figure.end))
        position = figure.end
    found += _words(text, position, len(text))
    kept = [token for token in found if token.form not in _NO_MATTER]
    return tuple(kept or found)


def places_of(phrase: Sequence[Token], text: Sequence[Token]) -> Iterator[Place]:
    """Where the tokens of `phrase` stand in `text` one after the other.

    A match does not end inside a Latin word: HX-200 is not found in HX-200B.
    """
    wanted = [token.form for token in phrase]
    for at in range(len(text) - len(wanted) + 1 if wanted else 0):
        last = at + len(wanted)
        cut = text[at].glued or (last < len(text) and text[last].glued)
        if not cut and [token.form for token in text[at:last]] == wanted:
            yield Place(text[at].start, text[last - 1].end)


def content_words(tokens: Sequence[Token]) -> list[Token]:
    """The tokens that carry meaning: no prepositions, pronouns, auxiliaries; Chinese likewise."""
    return [token for token in tokens if token.form not in _FUNCTION_WORDS]


def is_chinese(form: str) -> bool:
    """True for a token that is one Chinese character."""
    return len(form) == 1 and "㐀" <= form <= "鿿"


def _words(text: str, start: int, end: int) -> Iterator[Token]:
    previous = -1
    for match in _TOKEN.finditer(text, start, end):
        form = _form(match[0])
        if form:
            latin = not is_chinese(form)
            yield Token(form, *match.span(), glued=latin and match.start() == previous)
            previous = match.end() if latin else -1


def _form(word: str) -> str:
    plain = unicodedata.normalize("NFD", normalise(word, fold_case=True))
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    if plain in _NUMBER_WORDS:
        return _NUMBER_WORDS[plain]
    if len(plain) > 3 and plain.endswith("s") and not plain.endswith(("ss", "us", "is")):
        return plain[:-1]
    return plain


def _figure_form(figure: Figure) -> str:
    measure = measure_of(figure.unit)
    amount = format((figure.value * measure.factor).normalize() + Decimal(0), "f")
    year = "" if measure.dimension == "calendar year" else measure.dimension
    return f"{amount} {year}".strip()


_TOKEN = re.compile(
    r"[㐀-䶿一-鿿豈-﫿\U00020000-\U0003ffff]|\d+(?:[.,]\d+)*|(?:[^\W\d_㐀-䶿一-鿿豈-﫿](?!['’]s\b))*"
    r"[^\W\d_㐀-䶿一-鿿豈-﫿]|(?<=['’])s\b"
)
_NUMBER_WORDS = {"one": "1", "zero": "0", "none": "0", "一": "1", "零": "0"}
"""Those that `figures` leaves alone, as they often count nothing."""
_NO_MATTER = frozenset(
    "the a an mr mrs ms dr prof professor captain capt sir madam 的 第 s".split()
)
_FUNCTION_WORDS = frozenset(
    "the a an of in on at to by for from with and or as is was were are be been being it its "
    "this that these those which who whom whose had ha have has do did does not into onto over "
    "under after before during than then there their they he she his her him them because due "
    "since so such when while where why how what by will would could can may might must per "
    "的 了 在 于 和 与 是 因 为 由 被 所 以 及 对 从 而 使 得 其 该 着 过 也 都 就 但 这 那".split()
)
