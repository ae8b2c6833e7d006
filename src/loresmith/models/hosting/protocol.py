"""What a model's process and the one that asks it say to each other, one JSON object a line."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from loresmith import errors
from loresmith.errors import LoresmithError, ModelError, RateLimited
from loresmith.models.base import Sampling
from loresmith.records import Message, Record, Usage


class Question(Record):
    """What a model is asked: a conversation in its chat template, or a text to go on with."""

    messages: tuple[Message, ...] = ()
    prompt: str | None = None
    """Text to go on with, without a template; in place of `messages`."""
    sampling: Sampling = Sampling()
    stop: tuple[str, ...] = ()
    """The reply ends before the first of these; none of it is sent."""


class HostTask(Record):
    """The first line that a model's process reads: what to load, and onto what."""

    base: str
    """The folder of the weights."""
    merged_adapter: str | None = None
    """An adapter that cannot share a batch with others; it is merged into the weights."""
    device: str = "auto"
    dtype: str | None = None
    max_rows: int | None = Field(default=None, ge=1)
    """Replies that are written side by side at most; None for what suits the device."""


class Ask(Record):
    kind: Literal["ask"] = "ask"
    id: int
    adapter: str = ""
    """The adapter's name; empty for the base model."""
    question: Question


class Cancel(Record):
    kind: Literal["cancel"] = "cancel"
    id: int


class AddAdapter(Record):
    kind: Literal["add_adapter"] = "add_adapter"
    id: int
    name: str
    folder: str


class DropAdapter(Record):
    kind: Literal["drop_adapter"] = "drop_adapter"
    id: int
    name: str


class Ready(Record):
    """The model is loaded, or an adapter added or dropped (`id` says by which command)."""

    kind: Literal["ready"] = "ready"
    id: int = 0
    device: str
    device_memory: int
    """Bytes held on the card; 0 on a CPU."""


class Piece(Record):
    """Some more of a reply; one of both texts is empty."""

    kind: Literal["piece"] = "piece"
    id: int
    text: str = ""
    reasoning: str = ""


class Finished(Record):
    """The end of a reply."""

    kind: Literal["finished"] = "finished"
    id: int
    finish_reason: Literal["stop", "length"]
    usage: Usage


class Failed(Record):
    """A command that could not be carried out (id 0: the loading of the model)."""

    kind: Literal["failed"] = "failed"
    id: int
    type: str
    message: str
    hint: str = ""
    retry_after: float | None = None

    @classmethod
    def of(cls, error: LoresmithError, *, id: int) -> Failed:
        return cls(
            id=id,
            type=type(error).__name__,
            message=error.message,
            hint=error.hint,
            retry_after=error.retry_after if isinstance(error, RateLimited) else None,
        )

    def error(self) -> LoresmithError:
        """The error that this tells of."""
        kind = getattr(errors, self.type, ModelError)
        if kind is RateLimited:
            return RateLimited(self.message, retry_after=self.retry_after, hint=self.hint)
        if not (isinstance(kind, type) and issubclass(kind, ModelError)):
            kind = ModelError
        made: LoresmithError = kind(self.message, hint=self.hint)
        return made


Command = Ask | Cancel | AddAdapter | DropAdapter
Told = Ready | Piece | Finished | Failed

COMMANDS: TypeAdapter[Command] = TypeAdapter(Annotated[Command, Field(discriminator="kind")])
TOLD: TypeAdapter[Told] = TypeAdapter(Annotated[Told, Field(discriminator="kind")])
