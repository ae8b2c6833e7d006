"""Asks a teacher for the same facts in other genres and for other readers.

Facts that are met in many styles are learned better than the same sentence again: the genre and
audience pairs of MGA (arXiv 2502.04235), which Easy Dataset has too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from loresmith.component import Component
from loresmith.generation.batches import SHOWN_OF_PAIRS, number_faults, sample_batches
from loresmith.generation.passages import PASSAGE_WORDS
from loresmith.generation.prompts import TaskPrompts
from loresmith.generation.replies import Form, Text
from loresmith.generation.row_kinds.base import AskedRows, PassageFacts, RowBatch, evenly
from loresmith.models.structured import Request
from loresmith.records import WrittenConversation, WrittenRow, WrittenTurn
from loresmith.text.phrases import states


class Audience(Component):
    """A way of writing, and who is written for."""

    genre: str = Field(min_length=1, max_length=200)
    """Such as: a question in a forum, with a friendly reply."""
    audience: str = Field(min_length=1, max_length=200)
    """Such as: apprentices in their first year."""


class AudiencePair(Form):
    """A fact in that genre, by its number in the prompt's list."""

    number: int
    question: Text = ""
    answer: Text = ""


class WrittenForAudience(Form):
    """What `AudienceRows` asks for."""

    pairs: tuple[AudiencePair, ...]


class AudiencePrompts(TaskPrompts):
    """What the teacher is told when it writes in a genre for an audience."""

    task = "audience"
    variables = PASSAGE_WORDS | {
        "facts": "the facts, each with question, answer and short_answer; the teacher names each "
        "by its place, from 1",
        "genre": "the genre to write in",
        "audience": "who is written for",
    }
    samples = sample_batches(genre="a forum", audience="apprentices")
    shown = SHOWN_OF_PAIRS


class AudienceRows(AskedRows):
    """Each fact once more for every pair of genre and audience: another question and another answer
    to it, checked like all rows."""

    type: Literal["audience"] = "audience"
    audiences: tuple[Audience, ...] = Field(
        default=(), max_length=10, json_schema_extra={"common": True}
    )
    """Pairs of genre and audience. Each multiplies the calls: one for `facts_per_call` facts."""
    facts_per_call: int = Field(default=12, ge=1)
    """A chunk with more facts than this is written about in several calls."""
    prompt: AudiencePrompts = AudiencePrompts()
    """What the teacher is told."""

    def batches(self, passages: Sequence[PassageFacts]) -> list[RowBatch]:
        return [
            batch._replace(words=(pair.genre.strip(), pair.audience.strip()))
            for one in passages
            for pair in self.audiences
            for batch in evenly(one, size=self.facts_per_call)
        ]

    def request(self, batch: RowBatch) -> Request[WrittenForAudience]:
        genre, audience = batch.words
        return Request(
            messages=self.prompt.of(batch.language).messages(
                passage=batch.passages[0].passage,
                facts=batch.facts,
                genre=genre,
                audience=audience,
            ),
            schema=WrittenForAudience,
            sampling=self.sampling,
            purpose="audience",
            check=lambda reply: _faults(reply, batch),
        )

    def reply_tokens(self, batch: RowBatch) -> float:
        return _PAIR_TOKENS * len(batch.facts)

    def rows(self, batch: RowBatch, reply: WrittenForAudience, *, model: str) -> list[WrittenRow]:
        return [
            self.row(
                batch,
                index,
                WrittenConversation(
                    turns=(
                        WrittenTurn(
                            question=pair.question,
                            answer=pair.answer,
                            fact_ids=(batch.facts[pair.number - 1].id,),
                        ),
                    )
                ),
                [batch.facts[pair.number - 1]],
                model=model,
            )
            for index, pair in enumerate(reply.pairs)
        ]


_PAIR_TOKENS = 110.0


def _faults(reply: WrittenForAudience, batch: RowBatch) -> list[str]:
    faults = number_faults([pair.number for pair in reply.pairs], facts=len(batch.facts))
    if faults:
        return faults
    for pair in reply.pairs:
        short = batch.facts[pair.number - 1].short_answer
        if not states(pair.answer, short):
            faults.append(f"pair {pair.number}: the answer must contain {short!r}")
    return faults
