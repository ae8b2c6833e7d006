"""Asks a teacher for the facts of a passage, as questions and answers with their evidence."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from loresmith.component import content_id
from loresmith.generation.passages import PASSAGE_WORDS, Passage, passage_of, sample_passages
from loresmith.generation.prompts import PromptedWriter, TaskPrompts
from loresmith.generation.replies import WrittenFacts
from loresmith.models.base import Sampling
from loresmith.models.structured import Request
from loresmith.records import Chunk, Document, Fact
from loresmith.text.language import language_of


class FactPrompts(TaskPrompts):
    """What the teacher is told when it writes questions and answers about a passage."""

    task = "facts"
    variables = PASSAGE_WORDS | {"count": "how many pairs to write"}
    samples = tuple(
        {"passage": passage, "count": count}
        for passage, count in zip(sample_passages(), (1, 5), strict=True)
    )
    shown = ("passage.text",)


class FactWriter(PromptedWriter):
    """One structured call per chunk gives all its facts.

    It asks for one pair per `density` characters. Fewer come back where the passage holds fewer:
    a reply with less than half of what was asked for is sent back, unless it says why in
    `fewer_because`. Rows with a missing part do not count; they become facts all the same, so
    that the curation can throw them out by name and the report can count them.
    """

    type: Literal["teacher"] = "teacher"
    density: int = Field(
        default=240, ge=1, json_schema_extra={"common": True, "unit": "characters"}
    )
    """Characters of a passage for each pair asked for. Fewer give more pairs."""
    most: int = Field(default=40, ge=1)
    """Most pairs to ask for in one call, however long the passage."""
    temperature: float = Field(default=0.3, ge=0.0, le=2.0)
    """0 is the likeliest reply; higher values vary more."""
    top_p: float = Field(default=1.0, gt=0.0, le=1.0)
    """Draw from the smallest set of tokens whose probabilities sum to this."""
    max_tokens: int = Field(default=8192, ge=256)
    """Longest reply, in tokens. A pair takes about 150 in English and 200 in Chinese."""
    prompt: FactPrompts = FactPrompts()
    """What the teacher is told."""

    def request(self, chunk: Chunk, document: Document) -> Request[WrittenFacts]:
        """What to ask about `chunk`."""
        passage = passage_of(chunk, document)
        count = self.count(chunk)
        return Request(
            messages=self.prompt.of(passage.language).messages(passage=passage, count=count),
            schema=WrittenFacts,
            sampling=Sampling(
                temperature=self.temperature, top_p=self.top_p, max_tokens=self.max_tokens
            ),
            purpose="facts",
            check=lambda reply: _faults(reply, count=count, passage=passage),
        )

    def count(self, chunk: Chunk) -> int:
        """How many pairs to ask for: at least 1, at most `most`."""
        return max(1, min(self.most, len(chunk.text) // self.density))

    def facts(
        self, chunk: Chunk, document: Document, reply: WrittenFacts, *, model: str
    ) -> list[Fact]:
        """The reply as records, in its order; evidence is quoted but not yet found."""
        passage = passage_of(chunk, document)
        version = self.prompt.of(passage.language).version
        return [
            Fact(
                id=content_id("fact", chunk.id, version, self.fingerprint(), model, index),
                chunk_id=chunk.id,
                document_id=document.id,
                index=index,
                language=passage.language,
                question=pair.question,
                answer=pair.answer,
                short_answer=pair.short_answer,
                quotes=tuple(quote for quote in pair.evidence if quote.strip()),
                formula=pair.formula or None,
                model=model,
                prompt_version=version,
            )
            for index, pair in enumerate(reply.pairs)
        ]


def _faults(reply: WrittenFacts, *, count: int, passage: Passage) -> list[str]:
    whole = [pair for pair in reply.pairs if pair.is_whole]
    faults = []
    if 2 * len(whole) < count and not reply.fewer_because:
        halves = len(reply.pairs) - len(whole)
        missing = f", {halves} with a part missing" if halves else ""
        faults.append(
            f"{count} pairs asked for, {len(whole)} given{missing}: write the others, "
            "or say in fewer_because why the passage holds no more facts"
        )
    chinese = [language_of(pair.question) == "zh" for pair in whole]
    if whole and 2 * sum(chinese) < len(whole) and passage.language == "zh":
        faults.append("the passage is Chinese: write the questions and answers in Chinese")
    if whole and 2 * sum(chinese) > len(whole) and passage.language != "zh":
        faults.append("write the questions and answers in the language of the passage")
    return faults
