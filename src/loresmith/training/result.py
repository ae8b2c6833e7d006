"""Why: what a training reports while it runs, and when it is done, in two records."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from loresmith.records import Checkpoint, Drop, Record
from loresmith.training.shown_row import ShownRow

Phase = Literal["preparing", "training", "practising", "saving", "finished"]


class TrainingProgress(Record):
    """How far a training is; sent after every step and at every change of phase."""

    phase: Phase
    step: int
    """Optimizer steps done."""
    total_steps: int
    epoch: float
    """Passes over all rows done, such as 1.25."""
    loss: float | None = None
    """Mean over the last step: in nats a token, or what the stage asks of a pair or an answer."""
    measures: dict[str, float] = Field(default_factory=dict)
    """The stage's own figures of the last step, such as `margin`; empty for sft and pretrain."""
    learning_rate: float | None = None
    grad_norm: float | None = None
    """Length of the gradient before it was clipped."""
    tokens_per_second: float | None = None
    """Useful tokens (of rows; padding does not count) a second, over the last steps."""
    seconds_left: float | None = None
    """Until the last step, practice not counted."""
    sample: ShownRow | None = None
    """One row as it is trained; told once, before the first step."""
    note: str = ""
    """Something to tell the user, such as a damaged checkpoint; mostly empty."""


class PracticeScore(Record):
    """What was measured between two steps of a training."""

    step: int
    """Optimizer steps done by then."""
    epoch: float
    """Passes over all rows done by then, such as 1.25."""
    score: float | None = None
    """Share of the practice questions answered rightly; null without any."""
    validation_loss: float | None = None
    """Mean over the answer tokens of rows that are not learned, in nats (or what the stage asks of
    a pair or an answer); null without any."""
    validation_measures: dict[str, float] = Field(default_factory=dict)
    """The stage's own figures of those rows, such as `margin`."""


class TrainingResult(Record):
    """A finished training."""

    checkpoint: Checkpoint
    """The adapter or model that was delivered, and the step whose weights it has."""
    steps: int
    """Optimizer steps done."""
    total_steps: int
    """Optimizer steps planned; more than `steps` if it was stopped early."""
    epochs: float
    learning_rate: float
    """At its peak."""
    batch_size: int
    losses: tuple[float, ...]
    """One for each step, in nats a token, or what the stage asks of a pair or an answer."""
    practice: tuple[PracticeScore, ...]
    useful_tokens: int
    """Tokens of the rows that were learned, each time they were; padding does not count."""
    seconds: float
    """Spent in steps, over all attempts; practice and saving not counted."""
    useful_tokens_per_second: float
    rows: int
    """Rows that were learned."""
    stage: str = "sft"
    """What was learned from: the stage's `type`."""
    measures: dict[str, tuple[float | None, ...]] = Field(default_factory=dict)
    """The stage's own figures, such as `margin`, one for each step; null where a step had none."""
    dropped: tuple[Drop, ...]
    trainable_parameters: int
    parameters: int
    """Of the base model."""
    device: str
    threads: int
    precision: Literal["bf16", "fp32"]
    packed: bool
    notes: tuple[str, ...] = ()
    """What a user should know about how it went."""
