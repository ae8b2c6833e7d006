"""Writing: a teacher turns passages into facts with evidence, and facts into many wordings."""

from __future__ import annotations

from loresmith.generation.batches import Batch
from loresmith.generation.exam_wordings import ExamWordingWriter
from loresmith.generation.facts import FactWriter
from loresmith.generation.filling import FillWriter
from loresmith.generation.generation import Generation
from loresmith.generation.wordings import TrainingWordingWriter

__all__ = [
    "Batch",
    "ExamWordingWriter",
    "FactWriter",
    "FillWriter",
    "Generation",
    "TrainingWordingWriter",
]
