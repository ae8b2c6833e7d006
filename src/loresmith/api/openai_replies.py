"""How OpenAI's chat and completion routes put replies: whole, and piece by piece."""

from __future__ import annotations

import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from loresmith.workspace.chat import Finished, Piece


class WrittenReply:
    """One reply as it grows; `end` is None until it has ended."""

    def __init__(self) -> None:
        self.text = ""
        self.reasoning = ""
        self.end: Finished | None = None

    def add(self, told: Piece | Finished) -> None:
        """Takes what was told of it."""
        if isinstance(told, Finished):
            self.end = told
        else:
            self.text += told.text
            self.reasoning += told.reasoning

    @property
    def finish_reason(self) -> str | None:
        return self.end.finish_reason if self.end is not None else None


class ReplyForm(ABC):
    """The objects that one request is answered with; all of its chunks share their id."""

    prefix: ClassVar[str]
    whole: ClassVar[str]
    chunk: ClassVar[str]
    first_deltas: ClassVar[tuple[dict[str, Any], ...]] = ()

    def __init__(self, model: str) -> None:
        self._head = {
            "id": f"{self.prefix}-{uuid.uuid4().hex}",
            "created": int(time.time()),
            "model": model,
        }

    def answer(self, replies: Sequence[WrittenReply], *, replies_each: int) -> dict[str, Any]:
        """All replies at once."""
        ends = [reply.end for reply in replies if reply.end is not None]
        choices = [self._choice(reply) for reply in replies]
        return {
            **self._head,
            "object": self.whole,
            "choices": [{"index": at, **choice} for at, choice in enumerate(choices)],
            "usage": usage_of(ends, replies_each=replies_each),
        }

    def opening(self, index: int) -> list[dict[str, Any]]:
        """What a stream begins a reply with."""
        return [self._chunk(index, delta, None) for delta in self.first_deltas]

    def pieces(self, index: int, told: Piece | Finished) -> list[dict[str, Any]]:
        """What a stream says of a reply that goes on or ends."""
        reason = told.finish_reason if isinstance(told, Finished) else None
        return [self._chunk(index, delta, reason) for delta in self._deltas(told)]

    def usage(self, ends: Sequence[Finished], *, replies_each: int) -> dict[str, Any]:
        """The chunk that counts tokens, after all others."""
        counted = usage_of(ends, replies_each=replies_each)
        return {**self._head, "object": self.chunk, "choices": [], "usage": counted}

    def _chunk(self, index: int, delta: dict[str, Any], reason: str | None) -> dict[str, Any]:
        choice = {"index": index, **delta, "logprobs": None, "finish_reason": reason}
        return {**self._head, "object": self.chunk, "choices": [choice]}

    @abstractmethod
    def _choice(self, reply: WrittenReply) -> dict[str, Any]: ...

    @abstractmethod
    def _deltas(self, told: Piece | Finished) -> list[dict[str, Any]]: ...


class ChatForm(ReplyForm):
    """Replies of an assistant; thinking goes into `reasoning_content`, as with DeepSeek's API."""

    prefix = "chatcmpl"
    whole = "chat.completion"
    chunk = "chat.completion.chunk"
    first_deltas = ({"delta": {"role": "assistant", "content": "", "refusal": None}},)

    def _choice(self, reply: WrittenReply) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": reply.text, "refusal": None}
        if reply.reasoning:
            message["reasoning_content"] = reply.reasoning
        return {"message": message, "logprobs": None, "finish_reason": reply.finish_reason}

    def _deltas(self, told: Piece | Finished) -> list[dict[str, Any]]:
        if isinstance(told, Finished):
            return [{"delta": {}}]
        parts = (("reasoning_content", told.reasoning), ("content", told.text))
        return [{"delta": {name: text}} for name, text in parts if text]


class TextForm(ReplyForm):
    """Texts that were gone on with."""

    prefix = "cmpl"
    whole = chunk = "text_completion"

    def _choice(self, reply: WrittenReply) -> dict[str, Any]:
        return {"text": reply.text, "logprobs": None, "finish_reason": reply.finish_reason}

    def _deltas(self, told: Piece | Finished) -> list[dict[str, Any]]:
        return [{"text": "" if isinstance(told, Finished) else told.text}]


def usage_of(ends: Sequence[Finished], *, replies_each: int) -> dict[str, int]:
    """Tokens that were read and written; a prompt counts once, however many replies it has.

    `ends` stand prompt by prompt, `replies_each` for each of them.
    """
    read = sum(end.usage.prompt_tokens for end in ends[::replies_each])
    written = sum(end.usage.completion_tokens for end in ends)
    return {
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
    }
