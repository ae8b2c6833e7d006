"""Asks a teacher for the thoughts that lead from a passage to each answer: chain-of-thought rows.

The answer of such a row is `<think>...</think>` and the fact's own answer, as reasoning models
write it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from loresmith.generation.batches import SHOWN_OF_PAIRS, number_faults, sample_batches
from loresmith.generation.passages import PASSAGE_WORDS
from loresmith.generation.prompts import TaskPrompts
from loresmith.generation.replies import Form, Text
from loresmith.generation.row_kinds.base import AskedRows, PassageFacts, RowBatch, evenly
from loresmith.models.structured import Request
from loresmith.records import WrittenConversation, WrittenRow, WrittenTurn


class Thought(Form):
    """The thoughts about the fact that the prompt gave this number."""

    number: int = 1
    reasoning: Text = ""


class WrittenThoughts(Form):
    """What `ReasonedRows` asks for."""

    thoughts: tuple[Thought, ...]


class ReasonedPrompts(TaskPrompts):
    """What the teacher is told when it thinks about questions."""

    task = "reasoned"
    variables = PASSAGE_WORDS | {
        "facts": "the facts, each with question, answer and short_answer; the teacher names each "
        "by its place, from 1",
        "own": "whether the thoughts of the model itself are taken, and not what it writes",
    }
    samples = sample_batches(own=False)
    shown = SHOWN_OF_PAIRS


class ReasonedRows(AskedRows):
    """Each fact's question once more, answered with the thoughts that lead to the answer before it.
    A thought with a figure or name that the evidence does not have is thrown out with its row."""

    type: Literal["reasoned"] = "reasoned"
    thoughts: Literal["written", "own"] = Field(
        default="written", json_schema_extra={"common": True}
    )
    """Whose thoughts: `written` asks the teacher to write them down, for several facts in one call;
    `own` takes the reasoning of a reasoning model as it is, in one call for each fact."""
    facts_per_call: int = Field(default=12, ge=1)
    """With `written`, a chunk with more facts than this takes several calls."""
    prompt: ReasonedPrompts = ReasonedPrompts()
    """What the teacher is told."""

    def batches(self, passages: Sequence[PassageFacts]) -> list[RowBatch]:
        size = 1 if self.thoughts == "own" else self.facts_per_call
        return [batch for one in passages for batch in evenly(one, size=size)]

    def request(self, batch: RowBatch) -> Request[WrittenThoughts]:
        own = self.thoughts == "own"
        return Request(
            messages=self.prompt.of(batch.language).messages(
                passage=batch.passages[0].passage, facts=batch.facts, own=own
            ),
            schema=WrittenThoughts,
            sampling=self.sampling,
            purpose="reasoning",
            check=lambda reply: _faults(reply, len(batch.facts), own=own),
            with_reasoning=_taken_as_it_is if own else None,
        )

    def reply_tokens(self, batch: RowBatch) -> float:
        return _THOUGHT_TOKENS * len(batch.facts)

    def rows(self, batch: RowBatch, reply: WrittenThoughts, *, model: str) -> list[WrittenRow]:
        found = []
        for index, thought in enumerate(reply.thoughts):
            fact = batch.facts[thought.number - 1]
            answer = f"<think>{thought.reasoning.strip()}</think>\n{fact.answer}"
            turn = WrittenTurn(question=fact.question, answer=answer, fact_ids=(fact.id,))
            content = WrittenConversation(turns=(turn,))
            found.append(self.row(batch, index, content, [fact], model=model))
        return found


_THOUGHT_TOKENS = 160.0


def _taken_as_it_is(reply: WrittenThoughts, reasoning: str) -> WrittenThoughts:
    """What a reasoning model thought, in place of what it wrote."""
    first = reply.thoughts[0] if reply.thoughts else Thought()
    return WrittenThoughts(thoughts=(first.model_copy(update={"reasoning": reasoning.strip()}),))


def _faults(reply: WrittenThoughts, facts: int, *, own: bool) -> list[str]:
    faults = number_faults([one.number for one in reply.thoughts], facts=facts)
    for one in reply.thoughts:
        if own and not one.reasoning:
            faults.append(
                "no reasoning came with the reply: for such a model set thoughts: written"
            )
        elif not one.reasoning:
            faults.append(f"thoughts of pair {one.number} are missing")
        elif "<think>" in one.reasoning or "</think>" in one.reasoning:
            faults.append(f"thoughts of pair {one.number}: write no <think> marks")
    return faults
