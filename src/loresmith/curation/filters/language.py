"""Throws out rows that are not in the language of their passage."""

from __future__ import annotations

from typing import Literal

from loresmith.curation.claim import Claim
from loresmith.curation.filters.base import KEEP, Filter, drop
from loresmith.records import Verdict
from loresmith.text.language import language_of


class LanguageFilter(Filter):
    """Drops an English row of a Chinese passage and a Chinese row of any other
    (`wrong_language`). Languages that share a script are not told apart: rows are too short."""

    type: Literal["language"] = "language"

    def judge(self, claim: Claim) -> Verdict:
        wants_chinese = claim.language == "zh"
        for name, text in (("question", claim.question), ("answer", claim.answer)):
            language = language_of(text)
            if (language == "zh") != wants_chinese and language != "und":
                wanted = "Chinese" if wants_chinese else f"the passage's ({claim.language})"
                return drop("wrong_language", f"the {name} is {language!r}, wanted is {wanted}")
        return KEEP
