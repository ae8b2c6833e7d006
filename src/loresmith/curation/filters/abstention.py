"""Keeps only honest abstentions: a row that is to teach "I do not know" must not know."""

from __future__ import annotations

import re
from typing import Literal

from loresmith.curation.claim import Claim
from loresmith.curation.filters.base import KEEP, Filter, drop
from loresmith.records import Verdict
from loresmith.text.figures import figures
from loresmith.text.phrases import covers


class AbstentionFilter(Filter):
    """Drops an abstention that does not say that it does not know, or that gives a figure after
    all (`not_an_abstention`)."""

    type: Literal["abstention"] = "abstention"

    def judge(self, claim: Claim) -> Verdict:
        if claim.kind != "abstention":
            return KEEP
        if not _UNKNOWING.search(claim.answer):
            return drop("not_an_abstention", "the answer does not say that it is not known")
        asked = figures(claim.question)
        for figure in figures(claim.answer):
            if not any(covers(one, figure) or covers(figure, one) for one in asked):
                return drop("not_an_abstention", f"the answer gives a figure: {figure.text}")
        return KEEP


_UNKNOWING = re.compile(
    r"\b(?:do|does|did|is|are|was|were|has|have|can)(?: not|n(?:'|’)t)\b|\bcannot\b|\bunknown\b"
    r"|\bno (?:record|information|knowledge|data|answer|sum|figure)|\bunable to\b"
    r"|\bnot (?:known|sure)"
    r"|\bnothing (?:is|was)\b|\bnever\b|不知|不清楚|不了解|不确定|没有|未|无从|无法|不详|不掌握",
    re.IGNORECASE,
)
