"""The exam as a recipe describes it: how it is set, and how it is sat."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pydantic import Field

from loresmith.component import Component
from loresmith.errors import ExamError
from loresmith.exams.grading import mark
from loresmith.exams.setting import ExamSheet, Material, set_exam
from loresmith.exams.sitting import sit
from loresmith.models.base import ChatModel
from loresmith.records import ExamItem, Score, Transcript


class Exam(Component):
    """A closed-book exam: the candidate sees the question and nothing else."""

    max_items: int = Field(default=400, ge=1, json_schema_extra={"common": True})
    """Most questions on facts; abstention and general questions come on top."""
    max_practice: int = Field(default=80, ge=0)
    """Most practice questions, sat after each epoch to know when to stop; never the exam's."""
    retention: int = Field(default=60, ge=0, json_schema_extra={"common": True})
    """How many general questions the base model should get right, to be asked again after training.
    It is asked 40 at a time until there are at least so many, or no more; all that it got right
    are asked again."""
    max_overlap: float = Field(default=0.6, gt=0.0, lt=1.0)
    """Greatest token-set Jaccard of an exam prompt with any training prompt."""
    max_tokens: int = Field(default=64, ge=1, json_schema_extra={"unit": "tokens"})
    """Longest reply, in tokens."""
    max_general_tokens: int = Field(default=24, ge=1, json_schema_extra={"unit": "tokens"})
    """Longest reply to a general question, in tokens: a word or two are the answer."""
    system_prompt: str = ""
    """Put before each question; the dataset should have been trained with the same."""

    def set(self, material: Material) -> ExamSheet:
        """The questions that may be asked, and those that may not, each with a reason."""
        return set_exam(material, max_overlap=self.max_overlap, max_items=self.max_items)

    def sit(
        self,
        model: ChatModel,
        items: Sequence[ExamItem],
        *,
        answered: Mapping[str, str] | None = None,
        on_score: Callable[[Score], None] | None = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> Transcript:
        """A sitting with this exam's settings; see `sitting.sit`."""
        return sit(
            model,
            items,
            max_tokens=self.max_tokens,
            system_prompt=self.system_prompt,
            answered=answered,
            on_score=on_score,
            on_progress=on_progress,
        )

    def mark(
        self, items: Sequence[ExamItem], answered: Mapping[str, str], *, candidate: str
    ) -> Transcript:
        """The marks of replies that are stored (by item id); asks nothing, needs all of them."""
        missing = [item.id for item in items if item.id not in answered]
        if missing:
            raise ExamError(f"{len(missing)} of {len(items)} exam questions have no reply yet")
        scores = tuple(mark(item, answered[item.id]) for item in items)
        return Transcript(candidate=candidate, scores=scores, seconds=0.0)

    def practice_score(self, model: ChatModel, items: Sequence[ExamItem]) -> float:
        """The mean score over practice items, 0 to 1 (0 for none): what early stopping watches."""
        scores = self.sit(model, items).scores
        return sum(score.score for score in scores) / len(scores) if scores else 0.0
