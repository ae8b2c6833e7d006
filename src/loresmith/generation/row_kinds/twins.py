"""Finds pairs of facts that can be compared: the same measure of two years, companies or products.

Twins are told by their questions, which say nearly the same and differ in a name or a time.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from loresmith.component import content_id
from loresmith.generation.row_kinds.base import PassageFacts
from loresmith.records import Fact
from loresmith.text.figures import Figure, figures
from loresmith.text.overlap import jaccard, token_set
from loresmith.text.phrases import moment_parts, states

_HELD_BY = 60
"""A word that more facts than this have tells no twins apart, and is not looked up."""


class Side(NamedTuple):
    """A fact with its passage, and the words of its question."""

    passage: PassageFacts
    fact: Fact
    words: frozenset[str]


class Twins(NamedTuple):
    """Two facts that can be compared."""

    sides: tuple[PassageFacts, PassageFacts]
    """Each with its one fact."""
    formula: str
    """The difference of their amounts, the smaller one from the larger; empty where their units
    do not agree."""
    difference: str
    """What it comes to, with its unit; empty without a formula."""


def twins(passages: Sequence[PassageFacts], *, across: str, alike: float, most: int) -> list[Twins]:
    """The pairs of facts of different passages (`across` "documents": of different documents;
    "facts": also of one passage) with `alike` questions, at most `most`, chosen by content hash so
    that no document is favoured."""
    sides = [Side(one, fact, token_set(fact.question)) for one in passages for fact in one.facts]
    found = [
        (content_id("twins", one.fact.id, other.fact.id), one, other)
        for one, other in _candidates(sides)
        if _apart(one, other, across) and _comparable(one, other, alike)
    ]
    chosen = {key for key, _, _ in sorted(found, key=lambda pair: pair[0])[:most]}
    return [_twins(one, other) for key, one, other in found if key in chosen]


def _candidates(sides: Sequence[Side]) -> Iterator[tuple[Side, Side]]:
    """Pairs that share several words which are not in every question, in order."""
    holders: dict[str, list[int]] = {}
    for place, side in enumerate(sides):
        for word in side.words:
            holders.setdefault(word, []).append(place)
    for place, side in enumerate(sides):
        shared: Counter[int] = Counter()
        for word in side.words:
            if len(holders[word]) <= _HELD_BY:
                shared.update(other for other in holders[word] if other > place)
        for other in sorted(shared):
            yield side, sides[other]


def _apart(one: Side, other: Side, across: str) -> bool:
    if across == "documents":
        return one.fact.document_id != other.fact.document_id
    if across == "facts":
        return one.fact.id != other.fact.id
    return one.fact.chunk_id != other.fact.chunk_id


def _comparable(one: Side, other: Side, alike: float) -> bool:
    if one.fact.language != other.fact.language or jaccard(one.words, other.words) < alike:
        return False
    if states(one.fact.answer, other.fact.short_answer):
        return False  # both say the same
    mine, theirs = _amount(one.fact), _amount(other.fact)
    if (mine is None) != (theirs is None):
        return False
    if mine is not None and theirs is not None and mine.dimension != theirs.dimension:
        return False
    if one.fact.chunk_id == other.fact.chunk_id and mine is not None and theirs is not None:
        # Two figures of a passage are confused over any word: net profit, adjusted net profit.
        return one.words != other.words and mine.value != theirs.value
    named = [_names(side.fact.question) for side in (one, other)]
    return bool(named[0] - named[1]) and bool(named[1] - named[0])


_NAME = re.compile(r"[A-Z][\w-]+|[A-Za-z]*\d[\w-]*", re.ASCII)
_CHINESE = re.compile(r"[\u3400-\u9fff]{2}")


def _names(question: str) -> set[str]:
    """What may name a thing or a time: words with a capital or a digit; in Chinese, pairs of
    characters."""
    named = {m[0] for m in _NAME.finditer(question) if m.start() or not m[0].isalpha()}
    pairs = {question[at : at + 2] for at in range(len(question) - 1)}
    return named | {pair for pair in pairs if _CHINESE.fullmatch(pair)}


def _amount(fact: Fact) -> Figure | None:
    """The one amount that its short answer is; None for names, dates and several amounts."""
    found = figures(fact.short_answer)
    return found[0] if len(found) == 1 and not moment_parts(found[0]) else None


def _twins(one: Side, other: Side) -> Twins:
    sides = (
        one.passage._replace(facts=(one.fact,)),
        other.passage._replace(facts=(other.fact,)),
    )
    mine, theirs = _amount(one.fact), _amount(other.fact)
    if mine is None or theirs is None or not _same_measure(mine, theirs):
        return Twins(sides, "", "")
    high, low = sorted((mine, theirs), key=lambda figure: figure.written, reverse=True)
    value = high.written - low.written
    if not value:
        return Twins(sides, "", "")
    formula = f"{_plain(high.written)} - {_plain(low.written)}"
    return Twins(sides, formula, _in_unit(value, high, one.fact.language))


def _same_measure(one: Figure, other: Figure) -> bool:
    """Whether both are written in the same unit and magnitude, so that digits can be subtracted."""
    return (
        one.unit == other.unit
        and one.value * other.written == other.value * one.written
        and min(one.written, other.written) > 0
    )


def _plain(number: Decimal) -> str:
    return f"{number:f}"


def _in_unit(value: Decimal, like: Figure, language: str) -> str:
    """`value` as `like` is written: `4,200 tonnes`; a difference of shares is in points."""
    if like.unit == "%":
        points = "个百分点" if language == "zh" else " percentage points"
        return f"{value:f}{points}"
    digits = re.search(r"\d[\d,.]*", like.text)
    if digits is None:
        return f"{value:f}"
    written = f"{value:,f}" if "," in digits[0] else f"{value:f}"
    return like.text.replace(digits[0], written)
