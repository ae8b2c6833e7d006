"""How a written conversation stands in lists that have a question and an answer for each row."""

from __future__ import annotations

from typing import NamedTuple

from loresmith.records import WrittenConversation, WrittenRow


class Shown(NamedTuple):
    """A conversation as one question and one answer."""

    question: str
    answer: str


def shown_conversation(row: WrittenRow) -> Shown:
    """The first question, and all that follows: the user's later questions begin with a mark."""
    content = row.content
    assert isinstance(content, WrittenConversation)  # no other shape is listed
    first, *later = content.turns
    parts = [first.answer, *(f"{_ASKED}{turn.question}\n{turn.answer}" for turn in later)]
    return Shown(first.question, "\n\n".join(parts))


def is_several_turns(answer: str) -> bool:
    """Whether the answer of a listed conversation holds further questions."""
    return f"\n\n{_ASKED}" in answer


_ASKED = "▸ "
