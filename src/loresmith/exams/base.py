"""What every grader is: it alone sees the answer key, and it always says why."""

from __future__ import annotations

from abc import abstractmethod

from pydantic import Field

from loresmith.component import Component
from loresmith.records import ExamItem, Score


class Grader(Component):
    """Marks one reply to one item by rule, without a model: right is 1, wrong is 0."""

    read_characters: int = Field(default=600, ge=1)
    """How much of a reply is read: what comes after a page of babble is no answer."""

    def grade(self, item: ExamItem, reply: str) -> Score:
        """The mark for `reply`, with the reason in words. Never raises, whatever the reply."""
        text = reply.strip()[: self.read_characters]
        fault = self.fault(item, text) if text else "the reply is empty"
        return Score(
            item_id=item.id,
            reply=reply,
            score=0.0 if fault else 1.0,
            reason=fault or self.praise(item),
        )

    @abstractmethod
    def fault(self, item: ExamItem, reply: str) -> str:
        """What is wrong with a reply that is not empty; an empty text when nothing is."""

    def praise(self, item: ExamItem, /) -> str:
        """The reason that goes with a right answer."""
        return f"states {item.key.short_answer}"
