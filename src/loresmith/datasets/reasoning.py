"""Why: a row may tell how its answer was found, and people export it with that or without.

The chain of thought stands before the answer as `<think>...</think>`: so do Easy Dataset's exports
and the replies of reasoning models have it, and so it is trained on.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from loresmith.records import Message

_THOUGHT = re.compile(r"\s*<think>(.*?)</think>(.*)", re.DOTALL)


class Parted(NamedTuple):
    """An answer in two parts."""

    reasoning: str
    """Empty where there is none."""
    answer: str


def parted(text: str) -> Parted:
    """Parts the leading chain of thought from the answer.

    One that never ends, or after which nothing comes, is no chain of thought: the text is then the
    answer, as it stands.
    """
    found = _THOUGHT.fullmatch(text)
    if found is None or not found[2].strip():
        return Parted("", text)
    return Parted(found[1].strip(), found[2].lstrip())


def joined(reasoning: str, answer: str) -> str:
    """The answer with its chain of thought before it, as Easy Dataset writes it."""
    return f"<think>{reasoning.strip()}</think>\n{answer}" if reasoning.strip() else answer


def without_reasoning(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """The conversation without the chain of thought of any of its answers."""
    return tuple(
        message.model_copy(update={"content": parted(message.content).answer})
        if message.role == "assistant"
        else message
        for message in messages
    )
