"""What a teacher is asked to write for a corpus, call by call."""

from __future__ import annotations

from collections import Counter

from pydantic import Field, field_validator

from loresmith.component import Component
from loresmith.generation.domain_tree import DomainTree
from loresmith.generation.exam_wordings import ExamWordingWriter
from loresmith.generation.extractive import ExtractiveWriter
from loresmith.generation.facts import FactWriter
from loresmith.generation.filling import FillWriter
from loresmith.generation.rewriting import RewritingWriter
from loresmith.generation.row_kinds import AnyRowKind
from loresmith.generation.wordings import TrainingWordingWriter
from loresmith.models.budget import Budget


class Generation(Component):
    """Three kinds of calls for each passage: its facts, then wordings to train on and to ask; and
    rows of other kinds, if any are wanted."""

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
    rows: tuple[AnyRowKind, ...] = Field(default=(), json_schema_extra={"common": True})
    """Rows of other kinds, beside questions and answers: dialogues, preferences and so on."""
    fill: FillWriter = FillWriter()
    """How `loresmith fill` asks again, for what no row says."""
    extractive: ExtractiveWriter = ExtractiveWriter()
    """How the embedded model writes, which can do none of these."""
    rewriting: RewritingWriter = RewritingWriter()
    """Other words for a row, where a reviewer asks for them."""
    attempts: int = Field(default=3, ge=1, le=20)
    """Calls for one answer: a faulty reply is asked again with its faults named."""
    budget: Budget = Budget()
    """The most that the teacher may cost."""
    tolerated_failures: float = Field(default=0.1, ge=0.0, le=1.0)
    """Largest share of calls that may fail; with more, nothing is trained before a new try."""

    @property
    def needs_no_document(self) -> bool:
        """Whether there are rows to write where there is no document."""
        return any(one.needs_no_document for one in self.rows)

    @field_validator("rows")
    @classmethod
    def _each_kind_once(cls, rows: tuple[AnyRowKind, ...]) -> tuple[AnyRowKind, ...]:
        twice = [name for name, times in Counter(one.type for one in rows).items() if times > 1]
        if twice:
            raise ValueError(f"stands more than once: {', '.join(twice)}")
        return rows
