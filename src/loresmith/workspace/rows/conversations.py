"""How a written row stands in lists that have a question and an answer for each row."""

from __future__ import annotations

from typing import NamedTuple

from loresmith.records import (
    WrittenConversation,
    WrittenFeedback,
    WrittenPreference,
    WrittenRow,
    WrittenText,
)

LISTED = ("conversation", "preference", "feedback", "text")
"""Shapes of written rows that are listed; each is the `kind` of the listed row."""


class Shown(NamedTuple):
    """A written row as one question and one answer."""

    question: str
    answer: str


def shown_written(row: WrittenRow) -> Shown:
    """The question and what answers it: of a conversation all that follows, the user's later
    questions behind a mark; of a preference both answers, the wrong one behind a mark and the name
    of its flaw; of running text its first line, and the whole."""
    content = row.content
    if isinstance(content, WrittenPreference):
        worse = f"{_WRONG}[{content.flaw}] {content.rejected}"
        return Shown(content.question, f"{content.chosen}\n\n{worse}")
    if isinstance(content, WrittenFeedback):
        mark = _RIGHT if content.desirable else f"{_WRONG}[{content.flaw}] "
        return Shown(content.question, f"{mark}{content.completion}")
    if isinstance(content, WrittenText):
        first = next(iter(content.text.strip().splitlines()), "")
        return Shown(first.strip("# ")[:200], content.text)
    assert isinstance(content, WrittenConversation)  # topics are not listed
    first_turn, *later = content.turns
    parts = [first_turn.answer, *(f"{_ASKED}{turn.question}\n{turn.answer}" for turn in later)]
    return Shown(first_turn.question, "\n\n".join(parts))


def is_several_turns(answer: str) -> bool:
    """Whether the answer of a listed conversation holds further questions."""
    return f"\n\n{_ASKED}" in answer


_ASKED = "▸ "
_RIGHT = "✓ "
_WRONG = "✗ "
