"""The one type of everything that answers: hosted model, embedded model, base with adapter."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import Self

from loresmith.records import Message, Reply


class Sampling(BaseModel):
    """How a reply is drawn."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    temperature: float = Field(default=0.0, ge=0.0, le=2.0)
    """0 is greedy: always the likeliest token."""
    top_p: float = Field(default=1.0, gt=0.0, le=1.0)
    """Draw from the smallest set of tokens whose probabilities sum to this."""
    top_k: int | None = Field(default=None, ge=1)
    """Draw from so many of the likeliest tokens; any when not set. Of models that are computed
    here; hosted ones are not told."""
    repetition_penalty: float = Field(default=1.0, gt=0.0, le=10.0)
    """Logits of tokens that prompt or reply have already are divided by this, negative ones
    multiplied (CTRL, arXiv 1909.05858); 1 changes nothing. Of models that are computed here."""
    max_tokens: int = Field(default=512, ge=1)
    """Longest reply, in tokens."""
    seed: int | None = None
    """Makes sampling repeatable where the model supports it."""


class CallFailure(NamedTuple):
    """A call that brought no reply."""

    kind: str
    """Its status, such as `429`; or `timed_out`, `not_reached`, `garbled`, `withheld`."""
    message: str
    """What was wrong, for a person to read; it holds no key."""
    answered: str = ""
    """The beginning of what was answered in place of a reply; it holds no key."""
    seconds: float | None = None


class ChatModel(ABC):
    """Answers conversations. Open it with `with`: entering connects or loads, leaving frees.

    Teacher, candidate and judge are roles of this type. `reply` may be called from several
    threads at once.
    """

    name: str
    """The model as people know it, such as `deepseek-chat`; part of every cache key."""

    on_failure: Callable[[CallFailure], None] | None = None
    """Told of each call that brings no reply, in its thread, also of those that are repeated."""

    @abstractmethod
    def reply(self, messages: Sequence[Message], sampling: Sampling) -> Reply:
        """One answer to one conversation. Raises a ModelError."""

    def reply_all(
        self,
        conversations: Sequence[Sequence[Message]],
        sampling: Sampling,
        *,
        on_reply: Callable[[int, Reply], None] | None = None,
    ) -> list[Reply]:
        """Answers in the order of `conversations`; `on_reply(index, reply)` as each is ready.

        Models that compute faster in batches override this.
        """
        replies = []
        for index, messages in enumerate(conversations):
            reply = self.reply(messages, sampling)
            if on_reply is not None:
                on_reply(index, reply)
            replies.append(reply)
        return replies

    def stream(self, messages: Sequence[Message], sampling: Sampling) -> Iterator[str]:
        """The reply piece by piece as it comes; models that cannot stream give it in one piece."""
        yield self.reply(messages, sampling).text

    def check(self) -> None:
        """Proves, before anything is paid for, that the model answers; raises a ModelError if not.

        For a model that computes here, being open is proof enough.
        """
        return

    @property
    def endpoint(self) -> str:
        """The base URL that it is called at; empty for a model that is computed here."""
        return ""

    @property
    def identity(self) -> str:
        """What a reply depends on besides the request: the name, and settings that change it."""
        return self.name

    @property
    def concurrency(self) -> int:
        """How many `reply` calls are worth having in flight at once."""
        return 1

    @property
    def most_concurrency(self) -> int:
        """The highest value that `concurrency` can take while the model is open."""
        return self.concurrency

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        return None
