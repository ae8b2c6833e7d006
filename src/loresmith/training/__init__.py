"""Fine-tuning: a base model and rows in, an adapter or a model out."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from loresmith.component import any_instance_of
from loresmith.training.freeze import Freeze
from loresmith.training.full import Full
from loresmith.training.lora import Lora
from loresmith.training.method import TrainingMethod
from loresmith.training.result import PracticeScore, TrainingProgress, TrainingResult
from loresmith.training.shown_row import ShownPiece, ShownRow, read_shown_row

AnyTraining = Annotated[
    Annotated[Lora | Full | Freeze, Field(discriminator="type")], any_instance_of(TrainingMethod)
]
"""The methods that a recipe can name."""

__all__ = [
    "AnyTraining",
    "Freeze",
    "Full",
    "Lora",
    "PracticeScore",
    "ShownPiece",
    "ShownRow",
    "TrainingMethod",
    "TrainingProgress",
    "TrainingResult",
    "read_shown_row",
]
