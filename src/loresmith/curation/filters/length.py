"""Throws out rows that are shorter or longer than somebody wants to train on."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator
from typing_extensions import Self

from loresmith.curation.claim import Claim
from loresmith.curation.filters.base import KEEP, Filter, drop
from loresmith.records import Verdict


class LengthFilter(Filter):
    """Drops a row whose question or answer is too short or too long (`question_too_short`,
    `question_too_long`, `answer_too_short`, `answer_too_long`). Not among the default filters."""

    type: Literal["length"] = "length"
    min_question: int = Field(default=4, ge=0, json_schema_extra={"unit": "characters"})
    """Shortest question, in characters without the space around it."""
    max_question: int = Field(default=500, ge=1, json_schema_extra={"unit": "characters"})
    """Longest question, in characters."""
    min_answer: int = Field(default=1, ge=0, json_schema_extra={"unit": "characters"})
    """Shortest answer, in characters without the space around it."""
    max_answer: int = Field(default=4000, ge=1, json_schema_extra={"unit": "characters"})
    """Longest answer, in characters."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min_question > self.max_question:
            raise ValueError(
                f"min_question ({self.min_question}) is more than max_question "
                f"({self.max_question})"
            )
        if self.min_answer > self.max_answer:
            raise ValueError(
                f"min_answer ({self.min_answer}) is more than max_answer ({self.max_answer})"
            )
        return self

    def judge(self, claim: Claim) -> Verdict:
        bounds = (
            ("question", claim.question, self.min_question, self.max_question),
            ("answer", claim.answer, self.min_answer, self.max_answer),
        )
        for name, text, least, most in bounds:
            length = len(text.strip())
            if length < least:
                return drop(f"{name}_too_short", f"{length} characters; at least {least} are asked")
            if length > most:
                return drop(f"{name}_too_long", f"{length} characters; at most {most} are allowed")
        return KEEP
