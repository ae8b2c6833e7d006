"""A chat model that answers by a script: for tests, without a server, a key or a cost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

from loresmith.errors import ModelError, ModelUnavailable
from loresmith.models.base import ChatModel, Sampling
from loresmith.records import Message, Reply, Usage

Answer = str | Reply | ModelError


class ScriptedCall(NamedTuple):
    """What the model was asked."""

    messages: tuple[Message, ...]
    sampling: Sampling


class ScriptedModel(ChatModel):
    """Answers from a list, one after the other, or by a function of the messages.

    An answer may be a text, a whole `Reply`, or a ModelError to raise. `calls` records what was
    asked. A list that has come to its end raises ModelUnavailable.
    """

    def __init__(
        self,
        replies: Sequence[Answer] | Callable[[Sequence[Message]], Answer],
        *,
        name: str = "scripted",
        concurrency: int = 1,
    ) -> None:
        self.name = name
        self.calls: list[ScriptedCall] = []
        self._replies = replies
        self._concurrency = concurrency
        self._lock = threading.Lock()

    @property
    def concurrency(self) -> int:
        return self._concurrency

    def reply(self, messages: Sequence[Message], sampling: Sampling) -> Reply:
        with self._lock:
            number = len(self.calls)
            self.calls.append(ScriptedCall(tuple(messages), sampling))
        answer = self._answer(number, messages)
        if isinstance(answer, ModelError):
            raise answer
        if isinstance(answer, Reply):
            return answer
        return Reply(text=answer, usage=_made_up_usage(messages, answer))

    def _answer(self, number: int, messages: Sequence[Message]) -> Answer:
        if callable(self._replies):
            return self._replies(messages)
        if number >= len(self._replies):
            raise ModelUnavailable(
                f"the script of {self.name!r} has {len(self._replies)} replies; "
                f"this is call {number + 1}"
            )
        return self._replies[number]


def _made_up_usage(messages: Sequence[Message], answer: str) -> Usage:
    """A token for every four characters: stable numbers for tests, not a count."""
    asked = sum(len(message.content) for message in messages)
    return Usage(calls=1, prompt_tokens=asked // 4 + 1, completion_tokens=len(answer) // 4 + 1)
