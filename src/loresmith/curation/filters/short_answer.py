"""Throws out answers that lost the answer: what is graded must stand in what is trained."""

from __future__ import annotations

from typing import Literal

from loresmith.curation.claim import Claim
from loresmith.curation.filters.base import KEEP, Filter, drop
from loresmith.records import Verdict
from loresmith.text.overlap import token_set
from loresmith.text.phrases import states


class ShortAnswerFilter(Filter):
    """Drops an answer that does not state the short answer (`short_answer_missing`).

    A reversed question is to state it itself, at least by half of its words.
    """

    type: Literal["short_answer"] = "short_answer"

    def judge(self, claim: Claim) -> Verdict:
        if claim.kind == "abstention":
            return KEEP
        if claim.kind == "reversed":
            wanted = token_set(claim.short_answer)
            shared = len(wanted & token_set(claim.question))
            if states(claim.question, claim.short_answer) or 2 * shared >= len(wanted):
                return KEEP
            return drop("short_answer_missing", f"the question lacks {claim.short_answer!r}")
        if states(claim.answer, claim.short_answer):
            return KEEP
        return drop("short_answer_missing", f"the answer lacks {claim.short_answer!r}")
