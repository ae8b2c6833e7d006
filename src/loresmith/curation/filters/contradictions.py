"""Throws out rows with two values for one figure: one is wrong, and nobody knows which."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field

from loresmith.curation.claim import Claim
from loresmith.curation.filters.base import KEEP, Filter
from loresmith.curation.twins import ask_of_the_same
from loresmith.records import Verdict
from loresmith.text.figures import Figure, figures
from loresmith.text.phrases import covers, moment_parts
from loresmith.text.units import measure_of


class ContradictionFilter(Filter):
    """Drops both of two facts that ask for the same figure (of the same subject, period and
    qualifiers) and have another value for it (`contradiction`); the reason cites both sources.

    A rounded value is no other value. Reject the wrong one in the review, and the right one is
    kept. Not among the default filters: where a question does not name its subject, two subjects
    can look like one.
    """

    type: Literal["contradiction"] = "contradiction"
    similarity: float = Field(default=0.6, gt=0.0, le=1.0)
    """Share of runs of three characters (Jaccard) from which two questions are compared."""

    def judge(self, claim: Claim) -> Verdict:
        mine = _value(claim)
        if mine is None:
            return KEEP
        index = claim.earlier.alike("question of a fact", _question)
        rivals = []
        for other in index.near(claim.question, similarity=self.similarity):
            theirs = _value(other)
            if theirs is None or not _differ(mine, theirs):
                continue
            if ask_of_the_same(claim, other) and _years(claim) == _years(other):
                rivals.append(other)
        if not rivals:
            return KEEP
        return Verdict(
            keep=False,
            reason="contradiction",
            detail=" ≠ ".join(_cited(one) for one in (rivals[0], claim)),
            also=tuple(one.id for one in rivals),
        )


def _question(claim: Claim) -> str:
    return claim.question


def _value(claim: Claim) -> Figure | None:
    """The one amount that a fact is about; None for other answers, and for points in time."""
    if claim.kind != "pair":
        return None
    found = figures(claim.short_answer)
    return found[0] if len(found) == 1 and not moment_parts(found[0]) else None


def _differ(one: Figure, other: Figure) -> bool:
    """Whether two amounts of one thing are two, and not the same one rounded."""
    mine, theirs = measure_of(one.unit), measure_of(other.unit)
    if mine.dimension != theirs.dimension or covers(one, other) or covers(other, one):
        return False
    step = max(_step(one) * mine.factor, _step(other) * theirs.factor)
    return abs(one.value * mine.factor - other.value * theirs.factor) > step / 2


def _step(figure: Figure) -> Decimal:
    """What the last written digit counts."""
    exponent = figure.written.as_tuple().exponent
    last = Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0)
    return last * abs(figure.value / figure.written) if figure.written else last


def _years(claim: Claim) -> frozenset[int]:
    """The years that question and evidence name; else those of the title and headings."""
    own = _years_in("\n".join((claim.question, *claim.evidence_sentences)))
    return own or _years_in(claim.source.surroundings)


def _years_in(text: str) -> frozenset[int]:
    parts = (moment_parts(figure) for figure in figures(text))
    return frozenset(part["year"] for part in parts if "year" in part)


def _cited(claim: Claim) -> str:
    quoted = " ".join(claim.evidence.split()) or claim.answer
    return f"{claim.source.document.name}: “{quoted}”"
