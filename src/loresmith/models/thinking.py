"""Takes the thinking part of a reasoning model off the front of its reply."""

from __future__ import annotations

import re
from typing import NamedTuple

_OPEN = re.compile(r"\s*<(think|thinking|reasoning)>", re.IGNORECASE)
_CLOSE = re.compile(r"</(?:think|thinking|reasoning)>", re.IGNORECASE)


class Thought(NamedTuple):
    """A reply in two parts."""

    reasoning: str
    text: str


def split_thinking(content: str) -> Thought:
    """Parts a leading `<think>...</think>` from what follows.

    A thinking part that never ends is all of the reply: the text is then empty. Where the chat
    template has swallowed the opening tag, what stands before a lone `</think>` is the thinking,
    unless it is already JSON. Tags further inside, such as in a quotation, are left alone.
    """
    opening = _OPEN.match(content)
    closing = _CLOSE.search(content)
    if opening:
        if closing is None:
            return Thought(content[opening.end() :].strip(), "")
        return Thought(
            content[opening.end() : closing.start()].strip(), content[closing.end() :].strip()
        )
    if closing and not content.lstrip().startswith(("{", "[", "`", '"')):
        return Thought(content[: closing.start()].strip(), content[closing.end() :].strip())
    return Thought("", content)
