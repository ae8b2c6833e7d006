"""Throws out questions that contain their own answer: nothing is learned or tested by them."""

from __future__ import annotations

from typing import Literal

from loresmith.curation.claim import Claim
from loresmith.curation.filters.base import KEEP, Filter, drop
from loresmith.records import Verdict
from loresmith.text.phrases import reveals


class AnswerLeakFilter(Filter):
    """Drops a question that gives the short answer away (`answer_in_question`).

    A reversed question is meant to name it, and an open request ("Tell me about ...") may.
    """

    type: Literal["answer_leak"] = "answer_leak"

    def judge(self, claim: Claim) -> Verdict:
        if claim.asks_forward and reveals(claim.question, claim.short_answer):
            return drop("answer_in_question", f"the question contains {claim.short_answer!r}")
        return KEEP
