"""Asks a teacher again about a passage, for the statements and figures that no row says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pydantic import Field

from loresmith.component import content_id
from loresmith.generation.brief import NO_BRIEF, Brief
from loresmith.generation.facts import FactWriter, language_faults, language_name
from loresmith.generation.passages import PASSAGE_WORDS, Passage, sample_passages
from loresmith.generation.prompts import PromptedWriter, TaskPrompts
from loresmith.generation.replies import WrittenFill
from loresmith.models.base import Sampling
from loresmith.models.structured import Request
from loresmith.records import AskedStatement, Chunk, Document, Fact


class OpenPlace(NamedTuple):
    """A statement of a passage that facts leave something of."""

    start: int
    """Where it begins in the document's text."""
    end: int
    text: str
    figures: tuple[str, ...] = ()
    """Its figures that no fact asks for; none where the statement as a whole is missing."""


class Gaps(NamedTuple):
    """What is missing of one passage: a prompt numbers the statements from 1, in this order."""

    chunk: Chunk
    document: Document
    statements: tuple[OpenPlace, ...]
    known: tuple[str, ...] = ()
    """The questions that there are about the passage."""
    number: int = 0
    """Which call of this kind it is for the passage, from 0."""


class FillPrompts(TaskPrompts):
    """What the teacher is told when it is asked for what no row says."""

    task = "fill"
    variables = PASSAGE_WORDS | {
        "statements": "the statements, each with its text and figures (those that are missing; "
        "may be empty); the teacher names each by its place, from 1",
        "known": "the questions that there are about the passage; may be empty",
        "style": "the style guide of the project; may be empty",
        "language": "the language to write in, by its name; empty for that of the passage",
        "tags": "the subjects of the domain tree, numbered, one a line; empty without a tree",
    }
    samples = tuple(
        {
            "passage": passage,
            "statements": (OpenPlace(0, 1, passage.text, figures),),
            "known": known,
            "style": style,
            "language": "",
            "tags": tags,
        }
        for passage, figures, known, style, tags in zip(
            sample_passages(),
            (("57,200 tonnes",), ()),
            ((), ("二〇三一年有多少艘船？",)),
            ("", "Plain words."),
            ((), ("1.1 Harbour > Fish",)),
            strict=True,
        )
    )
    shown = ("passage.text", "statements[0].text")


class FillWriter(PromptedWriter):
    """One call per passage that names the statements and figures which are missing."""

    most: int = Field(default=40, ge=1)
    """Most statements to ask for in one call; with more, further calls are made."""
    temperature: float = Field(default=0.3, ge=0.0, le=2.0)
    """0 is the likeliest reply; higher values vary more."""
    top_p: float = Field(default=1.0, gt=0.0, le=1.0)
    """Draw from the smallest set of tokens whose probabilities sum to this."""
    max_tokens: int = Field(default=8192, ge=256)
    """Longest reply, in tokens. A pair takes about 150 in English and 200 in Chinese."""
    prompt: FillPrompts = FillPrompts()
    """What the teacher is told."""

    def request(
        self, gaps: Gaps, facts: FactWriter, brief: Brief = NO_BRIEF
    ) -> Request[WrittenFill]:
        """What to ask for `gaps`; the language is that in which `facts` writes."""
        passage = facts.passage(gaps.chunk, gaps.document)
        return Request(
            messages=self.prompt.of(passage.language).messages(
                passage=passage,
                statements=gaps.statements,
                known=gaps.known,
                style=brief.style.strip(),
                language=language_name(facts.language),
                tags=brief.numbered,
            ),
            schema=WrittenFill,
            sampling=Sampling(
                temperature=self.temperature, top_p=self.top_p, max_tokens=self.max_tokens
            ),
            sample=gaps.number,
            purpose="fill",
            check=lambda reply: self._faults(reply, gaps, facts, passage),
        )

    def facts(
        self,
        gaps: Gaps,
        reply: WrittenFill,
        *,
        facts: FactWriter,
        model: str,
        brief: Brief = NO_BRIEF,
    ) -> list[Fact]:
        """The reply as records, in its order, after all that was written about the passage."""
        passage = facts.passage(gaps.chunk, gaps.document)
        version = self.prompt.of(passage.language).version
        asked = [[one.start, one.end, one.figures] for one in gaps.statements]
        made_by = (version, self.fingerprint(), model, asked, gaps.number)
        return [
            Fact(
                id=content_id("fill", gaps.chunk.id, *made_by, index),
                chunk_id=gaps.chunk.id,
                document_id=gaps.document.id,
                index=_AFTER_ALL * (gaps.number + 1) + index,
                language=passage.language,
                question=pair.question,
                answer=pair.answer,
                short_answer=pair.short_answer,
                quotes=tuple(quote for quote in pair.evidence if quote.strip()),
                formula=pair.formula or None,
                tag=brief.tag(pair.tag),
                model=model,
                prompt_version=version,
            )
            for index, pair in enumerate(reply.pairs)
        ]

    def asked(
        self, gaps: Gaps, reply: WrittenFill, written: Sequence[Fact]
    ) -> tuple[AskedStatement, ...]:
        """What became of each statement: the facts that were `written` for it, or why not."""
        refused = {one.statement: one.reason or _NO_REASON for one in reply.not_there}
        return tuple(
            AskedStatement(
                start=one.start,
                end=one.end,
                text=one.text,
                figures=one.figures,
                fact_ids=tuple(
                    fact.id
                    for pair, fact in zip(reply.pairs, written, strict=True)
                    if pair.statement == number
                ),
                not_there=refused.get(number, ""),
            )
            for number, one in enumerate(gaps.statements, start=1)
        )

    def _faults(
        self, reply: WrittenFill, gaps: Gaps, facts: FactWriter, passage: Passage
    ) -> list[str]:
        whole = [pair for pair in reply.pairs if pair.is_whole]
        told = {pair.statement for pair in whole} | {one.statement for one in reply.not_there}
        wanted = range(1, len(gaps.statements) + 1)
        faults = [
            f"there is no statement with the number: {number}"
            for number in sorted(told - {*wanted, 0})
        ]
        missing = [str(number) for number in wanted if number not in told]
        if missing:
            faults.append(
                "neither a pair nor a reason in not_there for statement: " + ", ".join(missing)
            )
        return [*faults, *language_faults(whole, passage, facts.language)]


_AFTER_ALL = 10_000
"""The place of the first fact of a fill among the facts of its passage."""
_NO_REASON = "no reason given"
