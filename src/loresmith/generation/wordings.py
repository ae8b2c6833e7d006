"""Asks a teacher for the many wordings from which a model learns a fact rather than a sentence.

How many: recall of trained facts rises with varied wordings and flattens at about three to five
(arXiv 2309.14316, 2504.05571), and what was trained in one direction only is not known in the
other (arXiv 2309.12288): hence paraphrases, restatements and a reversed question.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pydantic import Field

from loresmith.component import content_id
from loresmith.generation.batches import (
    PAIR_WORDS,
    SHOWN_OF_PAIRS,
    Batch,
    batches_of,
    number_faults,
    sample_batches,
)
from loresmith.generation.brief import NO_BRIEF, Brief
from loresmith.generation.prompts import PromptedWriter, TaskPrompts
from loresmith.generation.replies import TrainingWordings, WrittenWordings
from loresmith.models.base import Sampling
from loresmith.models.structured import Request
from loresmith.records import Chunk, Document, Fact, Wording
from loresmith.text.phrases import states


class TrainingPrompts(TaskPrompts):
    """What the teacher is told when it puts facts into other words to train on."""

    task = "training"
    variables = PAIR_WORDS | {
        "paraphrases": "how many other ways to ask for each fact",
        "restatements": "how many open requests about each subject",
        "reversed": "how many questions that give the answer and ask for the subject",
        "style": "the style guide of the project; may be empty",
    }
    samples = sample_batches(paraphrases=5, restatements=1, reversed=1, style="")
    shown = SHOWN_OF_PAIRS


class TrainingWordingWriter(PromptedWriter):
    """One call per chunk for all its kept facts, and for questions that have no answer there."""

    paraphrases: int = Field(default=5, ge=1, le=50, json_schema_extra={"common": True})
    """Other ways to ask for and to state each fact, besides the original pair."""
    restatements: int = Field(default=1, ge=0, le=20)
    """Open requests about the subject, answered by a statement of the fact."""
    reversed: int = Field(default=1, ge=0, le=10)
    """Questions that give the answer and ask for the subject."""
    abstentions: int = Field(default=1, ge=0, le=20)
    """Questions for each chunk that it does not answer, with the honest reply."""
    facts_per_call: int = Field(default=16, ge=1)
    """A chunk with more facts than this is written in several calls."""
    temperature: float = Field(default=0.7, ge=0.0, le=2.0)
    """0 is the likeliest reply; higher values vary more."""
    top_p: float = Field(default=1.0, gt=0.0, le=1.0)
    """Draw from the smallest set of tokens whose probabilities sum to this."""
    max_tokens: int = Field(default=8192, ge=256)
    """Longest reply, in tokens. A wording takes about 60."""
    prompt: TrainingPrompts = TrainingPrompts()
    """What the teacher is told."""

    def batches(self, chunk: Chunk, document: Document, facts: Sequence[Fact]) -> list[Batch]:
        """The calls to make for the kept `facts` of `chunk`; none where there are no facts."""
        return batches_of(chunk, document, facts, size=self.facts_per_call)

    def request(self, batch: Batch, brief: Brief = NO_BRIEF) -> Request[WrittenWordings]:
        """What to ask about the facts of `batch`."""
        prompt = self.prompt.of(batch.passage.language)
        return Request(
            messages=prompt.messages(
                passage=batch.passage,
                facts=batch.facts,
                paraphrases=self.paraphrases,
                restatements=self.restatements,
                reversed=self.reversed,
                abstentions=self.abstentions,
                with_abstentions=batch.is_first,
                style=brief.style.strip(),
            ),
            schema=WrittenWordings,
            sampling=Sampling(
                temperature=self.temperature, top_p=self.top_p, max_tokens=self.max_tokens
            ),
            purpose="training wordings",
            check=lambda reply: self._faults(reply, batch),
        )

    def wordings(self, batch: Batch, reply: WrittenWordings, *, model: str) -> list[Wording]:
        """The reply as records: for each fact in the order of the reply, then the abstentions."""
        version = self.prompt.of(batch.passage.language).version
        made_by = (version, self.fingerprint(), model)
        worded = [
            Wording(
                id=content_id("training", fact.id, *made_by, index),
                fact_id=fact.id,
                chunk_id=batch.chunk.id,
                document_id=batch.document.id,
                index=index,
                language=fact.language,
                use="training",
                kind=wording.kind,
                question=wording.question,
                answer=wording.answer,
                short_answer=fact.short_answer,
                model=model,
                prompt_version=version,
            )
            for pair in sorted(reply.pairs, key=lambda pair: pair.number)
            for fact in [batch.facts[pair.number - 1]]
            for index, wording in enumerate(pair.wordings)
        ]
        abstentions = [
            Wording(
                id=content_id("training abstention", batch.chunk.id, *made_by, index),
                fact_id=None,
                chunk_id=batch.chunk.id,
                document_id=batch.document.id,
                index=index,
                language=batch.passage.language,
                use="training",
                kind="abstention",
                question=unanswerable.question,
                answer=unanswerable.answer,
                short_answer="",
                model=model,
                prompt_version=version,
            )
            for index, unanswerable in enumerate(reply.unanswerable if batch.is_first else ())
        ]
        return worded + abstentions

    def _faults(self, reply: WrittenWordings, batch: Batch) -> list[str]:
        """Missing rows, and pairs whose answers lost the answer; single bad rows are left to
        the curation, which costs one row and not a call."""
        faults = number_faults([pair.number for pair in reply.pairs], facts=len(batch.facts))
        for pair in reply.pairs:
            faults += self._count_faults(pair)
            if 1 <= pair.number <= len(batch.facts):
                faults += _answer_faults(pair, batch.facts[pair.number - 1])
        return faults

    def _count_faults(self, pair: TrainingWordings) -> list[str]:
        given = Counter[str](w.kind for w in pair.wordings if w.question and w.answer)
        wanted = {
            "paraphrase": self.paraphrases,
            "restatement": self.restatements,
            "reversed": self.reversed,
        }
        return [
            f"pair {pair.number}: {count} of kind {kind} asked for, {given[kind]} given"
            for kind, count in wanted.items()
            if given[kind] < count
        ]


def _answer_faults(pair: TrainingWordings, fact: Fact) -> list[str]:
    answers = [w.answer for w in pair.wordings if w.kind == "paraphrase" and w.answer]
    kept = [answer for answer in answers if states(answer, fact.short_answer)]
    if answers and 2 * len(kept) < len(answers):
        return [f"pair {pair.number}: its answers must contain {fact.short_answer!r}"]
    return []
