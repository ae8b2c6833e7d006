"""Throws out what was asked before, without mistaking a twin for a duplicate.

Facts of a corpus come in twins: two years, two products, reported and adjusted. Their questions
differ in one word, and that word is what is to be learned.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from loresmith.curation.claim import Claim
from loresmith.curation.filters.base import KEEP, Filter, drop
from loresmith.curation.twins import same_answer, same_figures
from loresmith.records import Verdict
from loresmith.text.figures import figures
from loresmith.text.overlap import jaccard, token_set


class DuplicateFilter(Filter):
    """Drops a question that was asked before: with the same answer (`duplicate`), with another
    (`conflicting_answer`), or in almost the same words about the same sentence of the source
    (`near_duplicate`; facts only, since wordings of one fact are meant to be alike)."""

    type: Literal["duplicate"] = "duplicate"
    similarity: float = Field(default=0.8, gt=0.0, le=1.0)
    """Token-set Jaccard from which two questions about one fact are near duplicates."""

    def judge(self, claim: Claim) -> Verdict:
        same = claim.earlier.same_question(claim.question)
        if same is not None:
            if same_answer(claim, same) or "restatement" in (claim.kind, same.kind):
                return drop("duplicate", f"asked before: {same.question}")
            return drop(
                "conflicting_answer",
                f"the same question has another answer: {same.short_answer or same.answer}",
            )
        if claim.kind == "pair":
            for other in claim.earlier.on_same_evidence(claim):
                if self._says_the_same(claim, other):
                    return drop("near_duplicate", f"asked before as: {other.question}")
        return KEEP

    def _says_the_same(self, claim: Claim, other: Claim) -> bool:
        mine, theirs = token_set(claim.question), token_set(other.question)
        if jaccard(mine, theirs) < self.similarity or not same_answer(claim, other):
            return False
        if not same_figures(figures(claim.question), figures(other.question)):
            return False
        source = token_set("\n".join(claim.evidence_sentences))
        twins = (mine - theirs) & source and (theirs - mine) & source
        return not twins
