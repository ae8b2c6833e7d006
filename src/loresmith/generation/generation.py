"""What a teacher is asked to write for a corpus, call by call."""

from __future__ import annotations

from pydantic import Field

from loresmith.component import Component
from loresmith.generation.domain_tree import DomainTree
from loresmith.generation.exam_wordings import ExamWordingWriter
from loresmith.generation.extractive import ExtractiveWriter
from loresmith.generation.facts import FactWriter
from loresmith.generation.wordings import TrainingWordingWriter
from loresmith.models.budget import Budget


class Generation(Component):
    """Three kinds of calls for each passage: its facts, then wordings to train on and to ask."""

    style: str = Field(default="", max_length=8_000, json_schema_extra={"common": True})
    """A style guide in your own words: told to the teacher where it writes rows to train on."""
    tags: DomainTree = DomainTree()
    """The subjects that questions are sorted by."""
    facts: FactWriter = FactWriter()
    """Questions and answers with evidence."""
    training: TrainingWordingWriter = TrainingWordingWriter()
    """Many wordings of each fact, to train on."""
    exam: ExamWordingWriter = ExamWordingWriter()
    """Other wordings of each fact, by another prompt, for the exam and for practice."""
    extractive: ExtractiveWriter = ExtractiveWriter()
    """How the embedded model writes, which can do none of these."""
    attempts: int = Field(default=3, ge=1, le=20)
    """Calls for one answer: a faulty reply is asked again with its faults named."""
    budget: Budget = Budget()
    """The most that the teacher may cost."""
    tolerated_failures: float = Field(default=0.1, ge=0.0, le=1.0)
    """Largest share of calls that may fail; with more, nothing is trained before a new try."""
