"""Throws out rows that say in almost the same words what another row says, wherever it comes from.

The filter `duplicate` looks at the same question, and at questions about one sentence; this one at
question and answer together, over all documents, such as the same notice filed twice.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from loresmith.curation.claim import Claim
from loresmith.curation.filters.base import KEEP, Filter, drop
from loresmith.curation.twins import ask_of_the_same, same_answer
from loresmith.records import Verdict


class NearDuplicateFilter(Filter):
    """Drops a row that is nearly another row (`near_duplicate`): question and answer together share
    most of their wording, and the answers say the same. Not among the default filters.

    Twins are kept: rows that differ in a figure, a year or a qualifier, or in a word that their
    sources use, such as a product's name. So are the wordings of one fact, which are meant to be
    alike. Work grows with the number of rows, not with its square; one pair in a hundred may be
    missed.
    """

    type: Literal["near_duplicate"] = "near_duplicate"
    similarity: float = Field(default=0.8, gt=0.0, le=1.0)
    """Share of runs of three characters (Jaccard) from which two rows are nearly the same."""

    def judge(self, claim: Claim) -> Verdict:
        index = claim.earlier.alike("question and answer", _text)
        for other in index.near(_text(claim), similarity=self.similarity):
            if _of_one_fact(claim, other):
                continue
            if same_answer(claim, other) and ask_of_the_same(claim, other):
                return drop("near_duplicate", f"asked before as: {other.question}")
        return KEEP


def _text(claim: Claim) -> str:
    return f"{claim.question}\n{claim.answer}"


def _of_one_fact(one: Claim, other: Claim) -> bool:
    return one.fact is not None and other.fact is not None and one.fact.id == other.fact.id
