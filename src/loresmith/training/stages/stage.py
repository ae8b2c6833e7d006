"""Why: what is learned from a row differs from stage to stage, and all else of a training does not.

A stage says which rows it takes, how they become tokens, and what the loss of a step is. Methods,
the loop, checkpoints and packing are the same for all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Protocol

from typing_extensions import Self

from loresmith.component import Component
from loresmith.errors import TrainingError
from loresmith.models.templates import Learned
from loresmith.records import (
    Drop,
    Example,
    FeedbackExample,
    PreferenceExample,
    TextExample,
    TrainingRow,
)
from loresmith.training.rows import Row, TooLong

if TYPE_CHECKING:
    from loresmith.training.forward import Forward

Shape = Literal["conversation", "text", "preference", "feedback"]
"""What a row is; the words are those of `datasets.named`."""

SHAPES: dict[Shape, type[TrainingRow]] = {
    "conversation": Example,
    "text": TextExample,
    "preference": PreferenceExample,
    "feedback": FeedbackExample,
}
ROWS_OF: dict[Shape, str] = {
    "conversation": "conversations",
    "text": "texts",
    "preference": "questions with a better and a worse answer",
    "feedback": "answers that somebody liked or did not",
}


class Item(Protocol):
    """What is learned as one: a row, or a pair of them."""

    @property
    def rows(self) -> tuple[Row, ...]:
        """All that goes through the model for it."""

    @property
    def tokens(self) -> int:
        """Those that are learned from, counted as useful."""

    @property
    def mark(self) -> bytes:
        """What tells it from another with the same rows; mostly empty."""


class Compared(Item, Protocol):
    """An item whose rows are compared with what the model thought of them at the start."""

    def with_reference(self, log_probs: Sequence[float]) -> Self:
        """Itself, knowing the log-probability of each of its rows at the start."""


class Encoded(NamedTuple):
    """What is trained on, and what is not."""

    kept: list[Any]
    """Items, all of one kind."""
    dropped: list[Drop]
    shortened: list[Drop]
    """Rows that are among `kept`, one of their messages cut at its end."""


class Encoding(NamedTuple):
    """What turns rows into tokens."""

    tokenizer: Any
    max_length: int
    too_long: TooLong
    learn: Learned
    seed: int
    folder: Path | None = None
    """Where a large dataset's tokens are kept for later attempts; None: nowhere."""


class StepLoss(NamedTuple):
    """What a step, or a validation, brought."""

    loss: float
    measures: Mapping[str, float] = {}
    """The stage's own figures, by name, such as `margin`."""


class Objective(ABC):
    """The loss of items under one model, with or without its gradients."""

    def __init__(self, forward: Forward) -> None:
        self.forward = forward

    @abstractmethod
    def backward(self, items: Sequence[Any]) -> StepLoss:
        """Adds the gradients of the mean loss of `items`, in however many passes; returns it."""

    @abstractmethod
    def measure(self, items: Sequence[Any]) -> StepLoss:
        """The same without gradients."""


class Stage(Component, ABC):
    """What a training learns from a row."""

    shape: ClassVar[Shape]
    """The rows that it takes."""
    in_project: ClassVar[bool] = False
    """Whether the rows that a project writes are such."""
    chats: ClassVar[bool] = True
    """Whether what is trained writes text."""
    shared: ClassVar[bool] = False
    """Whether several processes can share the rows of a step."""
    sharded: ClassVar[bool] = True
    """Whether they can do so where none of them has the whole model."""
    rows_together: ClassVar[int] = 1
    """Rows of an item that go through the model at once."""
    templated: ClassVar[bool] = True
    """Whether rows are conversations, written by a chat template."""
    compares: ClassVar[bool] = False
    """Whether items are `Compared`. A member that decides by its settings overrides `referred`."""

    @property
    def referred(self) -> bool:
        """Whether the model as it starts has to be asked before the first step."""
        return self.compares

    @property
    def rate_factor(self) -> float:
        """How many times the learning rate of supervised fine-tuning suits this stage."""
        return 1.0

    @property
    def default_epochs(self) -> float | None:
        """How often rows are learned where the settings do not say; None: as the method says."""
        return None

    @abstractmethod
    def encode(self, rows: Sequence[Any], encoding: Encoding) -> Encoded:
        """Items of `rows`, which are all of its shape. Raises TrainingError where `too_long` is
        `error` and a row is."""

    def adapted(self, model: Any, *, pad_id: int | None, seed: int) -> Any:
        """The loaded model, with another head where the stage needs one."""
        del pad_id, seed
        return model

    def forward(self, model: Any, **options: Any) -> Forward:
        """How rows are taken through `model`; `options` are those of Forward."""
        from loresmith.training.forward import Forward

        return Forward(model, **options)

    @abstractmethod
    def objective(self, forward: Any) -> Objective:
        """The loss, by what `forward` of this stage made."""

    def wrong_rows(self, rows: Sequence[TrainingRow]) -> Iterator[TrainingError]:
        """What is wrong where rows are of another shape."""
        wanted = SHAPES[self.shape]
        other = next((row for row in rows if not isinstance(row, wanted)), None)
        if other is not None:
            kind = next(name for name, known in SHAPES.items() if isinstance(other, known))
            yield TrainingError(
                f"training.stage takes {ROWS_OF[self.shape]}, and these rows are {ROWS_OF[kind]}",
                hint="Give such rows, or choose the training.stage that takes these.",
            )
