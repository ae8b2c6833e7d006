"""Tells rows that say the same from twins: alike in all but a year, a product or a qualifier.

Facts of a corpus come in twins, and the word in which they differ is what is to be learned.
"""

from __future__ import annotations

from collections.abc import Sequence

from loresmith.curation.claim import Claim
from loresmith.curation.qualifiers import QUALIFIERS
from loresmith.text.figures import Figure, figures
from loresmith.text.overlap import token_set
from loresmith.text.phrases import covers, states


def same_answer(one: Claim, other: Claim) -> bool:
    """Whether one short answer says what the other says."""
    if one.fact is None or other.fact is None:
        return one.fact is other.fact
    if one.fact.id == other.fact.id:
        return True
    return states(one.short_answer, other.short_answer) or states(
        other.short_answer, one.short_answer
    )


def same_figures(mine: Sequence[Figure], theirs: Sequence[Figure]) -> bool:
    """Whether each figure of either is among those of the other."""

    def within(some: Sequence[Figure], all_: Sequence[Figure]) -> bool:
        return all(any(covers(a, s) or covers(s, a) for a in all_) for s in some)

    return within(mine, theirs) and within(theirs, mine)


def ask_of_the_same(one: Claim, other: Claim) -> bool:
    """Whether two questions ask of the same subject, period and qualifiers, as far as words tell.

    They name the same figures and qualifiers, and where they differ in a word, it is none that
    the evidence of either uses: such a word may be the product, place or name that sets them apart.
    """
    if not same_figures(figures(one.question), figures(other.question)):
        return False
    if _qualifiers(one.question) != _qualifiers(other.question):
        return False
    mine, theirs = token_set(one.question), token_set(other.question)
    said = token_set("\n".join((*one.evidence_sentences, *other.evidence_sentences)))
    return not ((mine ^ theirs) - _LITTLE_WORDS) & said


_LITTLE_WORDS = frozenset("的了是为有在和与被所个") | frozenset(
    "a an the of in at on to for by was were is are did do does has had".split()
)
"""Words that a sentence is built with; they set nothing apart."""


def _qualifiers(text: str) -> frozenset[str]:
    return frozenset(one.name for one in QUALIFIERS if one.asked.search(text))
