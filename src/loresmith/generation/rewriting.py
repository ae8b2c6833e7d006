"""Asks a teacher to reword one row as a reviewer advises; the source stays in view."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from pydantic import Field

from loresmith.generation.passages import PASSAGE_WORDS, Passage, sample_passages
from loresmith.generation.prompts import PromptedWriter, TaskPrompts
from loresmith.generation.replies import Form, Text
from loresmith.models.base import Sampling
from loresmith.models.structured import Request


class RowToRewrite(NamedTuple):
    """A row as it stands, with what is known of its source."""

    question: str
    answer: str
    short_answer: str
    language: str
    passage: Passage | None
    """None for a row without a source: then words may change, and no fact."""
    evidence: str = ""
    """The places of the source that are named for it."""


class Rewritten(Form):
    """What `RewritingWriter` asks for."""

    question: Text = ""
    answer: Text = ""
    short_answer: Text = ""
    remark: Text = ""
    """What was changed, and what of the advice could not be followed."""


class RewritingPrompts(TaskPrompts):
    """What the teacher is told when it rewords a row."""

    task = "rewriting"
    variables = PASSAGE_WORDS | {
        "passage": "the passage; empty for a row without a source",
        "evidence": "the evidence that is named for the row; may be empty",
        "question": "the question as it stands",
        "answer": "the answer as it stands",
        "short_answer": "the short answer as it stands; may be empty",
        "advice": "what the reviewer wants",
    }
    samples = tuple(
        {
            "passage": passage,
            "evidence": passage.text if passage else "",
            "question": "How much fish was landed?",
            "answer": "Fish grew to 57,200 tonnes.",
            "short_answer": "57,200 tonnes",
            "advice": "Name the year.",
        }
        for passage in (*sample_passages(), None)
    )
    shown = ("question", "answer", "advice")


class RewritingWriter(PromptedWriter):
    """Words a row anew as a reviewer on the page Review advises. What it proposes is held against
    the source like every row, and nothing changes before a person accepts it."""

    temperature: float = Field(default=0.4, ge=0.0, le=2.0)
    """0 is the likeliest reply; higher values vary more."""
    max_tokens: int = Field(default=2048, ge=256)
    """Longest reply, in tokens."""
    prompt: RewritingPrompts = RewritingPrompts()
    """What the teacher is told."""

    def request(
        self, row: RowToRewrite, advice: str, *, check: Callable[[Rewritten], list[str]]
    ) -> Request[Rewritten]:
        """What to ask; `check` names the faults of a proposal, which is then asked for anew."""
        return Request(
            messages=self.prompt.of(row.language).messages(**row._asdict(), advice=advice),
            schema=Rewritten,
            sampling=Sampling(temperature=self.temperature, max_tokens=self.max_tokens),
            purpose="rewriting",
            check=check,
        )
