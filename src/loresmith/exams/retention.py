"""General questions that a base model knows: what fine-tuning should not make it forget."""

from __future__ import annotations

import json
from collections.abc import Collection
from functools import lru_cache
from importlib.resources import files
from typing import Literal

from pydantic import Field

from loresmith.component import content_id
from loresmith.exams.base import Grader
from loresmith.exams.figures import FigureGrader
from loresmith.exams.names import fault_of_mention
from loresmith.records import AnswerKey, ExamItem, Record
from loresmith.text.figures import figures


class RetentionGrader(Grader):
    """Right where the reply soon states an accepted answer.

    Words must stand there as such; of figures, the first that is not in the question.
    """

    type: Literal["retention"] = "retention"
    read_characters: int = Field(default=200, ge=1)
    """How much of a reply is read."""

    def fault(self, item: ExamItem, reply: str) -> str:
        accepted = item.key.accepted or (item.key.short_answer,)
        faults = [_fault_of_form(form, item, reply) for form in accepted]
        return "" if "" in faults else faults[0]


def _fault_of_form(form: str, item: ExamItem, reply: str) -> str:
    if not figures(form):
        return fault_of_mention(form, item, reply)
    key = AnswerKey(short_answer=form, answer=form)
    return FigureGrader().fault(item.model_copy(update={"key": key}), reply)


class GeneralQuestion(Record):
    """One line of retention.jsonl."""

    prompt: str
    accepted: tuple[str, ...] = Field(min_length=1)
    """Answers that are right; the first is shown as expected."""
    language: str
    """ISO 639-1 code."""


def retention_items(languages: Collection[str] = ("en", "zh")) -> tuple[ExamItem, ...]:
    """The general questions in `languages` that ship with the package, in their written order.

    Only those that the base model gets right count (see `compare`).
    """
    return tuple(_item(q) for q in _questions() if q.language in languages)


@lru_cache(maxsize=1)
def _questions() -> tuple[GeneralQuestion, ...]:
    text = files("loresmith.exams").joinpath("retention.jsonl").read_text(encoding="utf-8")
    return tuple(
        GeneralQuestion.model_validate(json.loads(line)) for line in text.splitlines() if line
    )


def _item(question: GeneralQuestion) -> ExamItem:
    return ExamItem(
        id=content_id("retention", question.prompt),
        prompt=question.prompt,
        kind="retention",
        language=question.language,
        key=AnswerKey(
            short_answer=question.accepted[0],
            answer=question.accepted[0],
            accepted=question.accepted,
        ),
    )
