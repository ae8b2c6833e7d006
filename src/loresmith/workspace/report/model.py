"""What report.json says: the documented schema of a run's result."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import AfterValidator, Field

from loresmith.exams.compare import ExamReport
from loresmith.records import Drop, Record
from loresmith.training.result import PracticeScore


def _finite(loss: float | None) -> float | None:
    return loss if loss is not None and math.isfinite(loss) else None


Loss = Annotated[float | None, AfterValidator(_finite)]
"""A loss, or null where it was not a finite number (JSON has no other way to say so)."""


class RunSummary(Record):
    """Which run this is, and what it used."""

    id: str
    """The run's id: the name of its folder under `runs/`."""
    created: str
    """When the run began: ISO 8601, UTC."""
    base_model: str
    """The model that was fine-tuned, as the recipe names it."""
    teacher: str
    """The model that wrote questions and answers."""
    version: str
    """The version of Loresmith."""


class DatasetSummary(Record):
    """The frozen dataset that was trained on."""

    id: str
    """The hash of the dataset's content."""
    version: int = 0
    """Counts up within a project."""
    rows: int = Field(default=0, ge=0)
    """Training and validation rows."""
    facts: int = Field(default=0, ge=0)
    """Distinct facts that the rows teach."""
    withheld: int = Field(default=0, ge=0)
    """Facts that were kept out of training as a control."""


class DocumentSummary(Record):
    """One source document and what came of it."""

    name: str
    """Path relative to the documents folder."""
    title: str = ""
    """The document's title."""
    language: str
    """ISO 639-1 code of its main language."""
    characters: int = Field(default=0, ge=0)
    """Length of its text in code points."""
    chunks: int = Field(default=0, ge=0)
    """Passages that it was cut into."""
    facts: int = Field(default=0, ge=0)
    """Facts that were kept, the withheld ones included."""
    rows: int = Field(default=0, ge=0)
    """Rows of the dataset that come from it."""
    warnings: tuple[str, ...] = ()
    """What a reader should know of its reading: a guessed encoding, replaced characters."""


class Failure(Record):
    """A piece of work that could not be done; running again tries it again."""

    step: str
    """The step of the trade: `parse`, `generate`, `train`."""
    subject: str
    """What was worked on: a file name, a passage."""
    reason: str
    """Why it failed."""


class RunUsage(Record):
    """What the run cost."""

    calls: int = Field(default=0, ge=0)
    """Calls of the teacher that were made and paid for."""
    cached: int = Field(default=0, ge=0)
    """Calls that were answered from what was paid for earlier."""
    prompt_tokens: int = Field(default=0, ge=0)
    """Tokens that were sent, as the endpoint counts them."""
    completion_tokens: int = Field(default=0, ge=0)
    """Tokens that came back."""
    cached_prompt_tokens: int = Field(default=0, ge=0)
    """Those of the tokens sent that the endpoint had in its own cache."""
    money: dict[str, float] = Field(default_factory=dict)
    """What they cost by currency, at the prices known when the report was made; empty where the
    teacher's price is not known."""
    seconds: dict[str, float] = Field(default_factory=dict)
    """Wall-clock seconds by stage, in the order of the stages."""


class TrainingSummary(Record):
    """How the training went."""

    steps: int = Field(default=0, ge=0)
    """Optimiser steps."""
    useful_tokens_per_second: float = Field(default=0.0, ge=0.0)
    """Tokens without padding that were trained on in each second of training."""
    losses: tuple[Loss, ...] = ()
    """The mean loss on answer tokens at each optimiser step, from step 1; null where not finite."""
    practice: tuple[PracticeScore, ...] = ()
    """What was measured between steps: practice questions and rows that are not learned."""
    epochs: float | None = None
    """How often each row was seen."""
    learning_rate: float | None = None
    """The highest learning rate of the schedule."""
    method: str = ""
    """The training method, such as `lora` or `full`."""
    trainable_parameters: int | None = None
    """How many weights were trained."""
    device: str = ""
    """What it was trained on, for a person to read."""


class RunReport(Record):
    """The result of one run; report.json is this record as JSON."""

    run: RunSummary
    """Which run this is."""
    exam: ExamReport
    """The exam before and after training."""
    dropped: dict[str, int] = Field(default_factory=dict)
    """How many facts, wordings and rows were thrown out, by reason."""
    dropped_examples: dict[str, tuple[Drop, ...]] = Field(default_factory=dict)
    """A few of what was thrown out, by reason."""
    usage: RunUsage = RunUsage()
    """Calls, tokens and time."""
    training: TrainingSummary = TrainingSummary()
    """Steps, speed and losses."""
    documents: tuple[DocumentSummary, ...] = ()
    """Every document that was read, in order of name."""
    failures: tuple[Failure, ...] = ()
    """What is missing, and why."""
    dataset: DatasetSummary
    """The dataset that was trained on."""
    recipe: str = ""
    """The whole recipe as YAML, with every default written out."""
    notes: tuple[str, ...] = ()
    """Plain remarks on the run, each a sentence."""
