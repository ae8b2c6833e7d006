"""The family of row kinds: what is written beside questions and answers, one kind a file."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from loresmith.component import any_instance_of
from loresmith.generation.row_kinds.audience import AudienceRows
from loresmith.generation.row_kinds.base import AskedRows, PassageFacts, RowBatch, RowWriter
from loresmith.generation.row_kinds.comparison import ComparisonRows
from loresmith.generation.row_kinds.dialogue import DialogueRows
from loresmith.generation.row_kinds.distillation import DistillationRows
from loresmith.generation.row_kinds.preference import PreferenceRows
from loresmith.generation.row_kinds.pretraining import PretrainingRows
from loresmith.generation.row_kinds.reasoned import ReasonedRows

AnyRowKind = Annotated[
    Annotated[
        # One member a line.
        DialogueRows
        | AudienceRows
        | ReasonedRows
        | PreferenceRows
        | PretrainingRows
        | ComparisonRows
        | DistillationRows,
        Field(discriminator="type"),
    ],
    any_instance_of(RowWriter),
]

__all__ = [
    "AnyRowKind",
    "AskedRows",
    "AudienceRows",
    "ComparisonRows",
    "DialogueRows",
    "DistillationRows",
    "PassageFacts",
    "PreferenceRows",
    "PretrainingRows",
    "ReasonedRows",
    "RowBatch",
    "RowWriter",
]
