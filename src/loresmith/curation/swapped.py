"""Sees where an answer that states two facts gives the figure of one to the other.

Both figures have a source, so no other check would object.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations

from loresmith.records import Fact
from loresmith.text.figures import Figure, figures
from loresmith.text.overlap import jaccard, token_set
from loresmith.text.phrases import covers


def swapped(answer: str, facts: Sequence[Fact]) -> tuple[Fact, Fact] | None:
    """Two facts whose figures are swapped in `answer`; None where none are.

    Of two facts with different figures, what tells them apart (a year, a product) comes in the
    order of their figures: "61 in 2031, against 57 in 2030". Where it comes the other way round,
    the answer is taken to be wrong; where either is not said, nothing can be told.
    """
    found = figures(answer)
    for one, other in combinations(facts, 2):
        first, second = _place(found, one), _place(found, other)
        mark, other_mark = _marks(answer, one, other)
        if first is None or second is None or mark is None or other_mark is None:
            continue
        if first != second and (first < second) != (mark < other_mark):
            return one, other
    return None


def _place(found: Sequence[Figure], fact: Fact) -> int | None:
    """Where the figure of a fact's short answer stands first."""
    wanted = figures(fact.short_answer)
    return next((f.start for f in found if any(covers(f, one) for one in wanted)), None)


def _marks(answer: str, one: Fact, other: Fact) -> tuple[int | None, int | None]:
    """Where each fact is first told apart from the other. Of Chinese questions that are alike,
    pairs of characters do that too: they have no capitals."""
    mine, theirs = _names(one), _names(other)
    if jaccard(token_set(one.question), token_set(other.question)) >= _ALIKE:
        mine, theirs = mine | _pairs(one.question), theirs | _pairs(other.question)
    return _first(answer, mine - theirs), _first(answer, theirs - mine)


_NAME = re.compile(r"[A-Z][\w-]+|[A-Za-z]*\d[\w-]*", re.ASCII)


def _names(fact: Fact) -> set[str]:
    """The words of its question with a capital or a digit, less the first and those of its short
    answer: what names a thing or a time."""
    found = {m[0] for m in _NAME.finditer(fact.question) if m.start() or not m[0].isalpha()}
    return found - set(_NAME.findall(fact.short_answer))


_ALIKE = 0.5
_CHINESE = re.compile(r"(?=([\u3400-\u9fff]{2}))")


def _pairs(question: str) -> set[str]:
    return set(_CHINESE.findall(question))


def _first(text: str, names: set[str]) -> int | None:
    places = (re.search(rf"(?<![A-Za-z\d]){re.escape(name)}(?![A-Za-z\d])", text) for name in names)
    return min((place.start() for place in places if place), default=None)
