"""One conversation with one model: remembers the turns and streams the replies."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType

from typing_extensions import Self

from loresmith.models.base import ChatModel, Sampling
from loresmith.records import Message

__all__ = ["Conversation", "Sampling"]


class Conversation:
    """Holds the turns so far; use it with `with`, which opens and frees the model."""

    def __init__(
        self,
        model: ChatModel,
        *,
        system: str | None = None,
        sampling: Sampling | None = None,
    ) -> None:
        self._model = model
        self._head = (Message(role="system", content=system),) if system else ()
        self._sampling = sampling or Sampling(max_tokens=256)
        self._turns: list[Message] = []

    def say(self, text: str) -> Iterator[str]:
        """Yields the reply to `text` piece by piece."""
        turns = [*self._turns, Message(role="user", content=text)]
        pieces: list[str] = []
        for piece in self._model.stream((*self._head, *turns), self._sampling):
            pieces.append(piece)
            yield piece
        self._turns = [*turns, Message(role="assistant", content="".join(pieces))]

    def forget(self) -> None:
        """Starts afresh."""
        self._turns = []

    def __enter__(self) -> Self:
        self._model.__enter__()
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._model.__exit__(exception_type, exception, traceback)
