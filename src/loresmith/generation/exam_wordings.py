"""Asks a teacher, with a prompt of its own, for the questions of the exam.

They come from another prompt than the training wordings, so that the exam shows whether a fact is
known and not whether a sentence was memorised. `practice` questions steer the training (early
stopping); `exam` questions are seen by nothing but the exam.
"""

from __future__ import annotations

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
from loresmith.generation.prompts import PromptedWriter, TaskPrompts
from loresmith.generation.replies import ExamWordings, Question, WrittenExam
from loresmith.models.base import Sampling
from loresmith.models.structured import Request
from loresmith.records import Chunk, Document, Fact, Wording, WordingUse
from loresmith.text.phrases import reveals


class ExamPrompts(TaskPrompts):
    """What the teacher is told when it writes the questions of the exam."""

    task = "exam"
    variables = PAIR_WORDS | {
        "exam": "how many exam questions for each fact",
        "practice": "how many practice questions for each fact",
    }
    samples = sample_batches(exam=2, practice=1)
    shown = SHOWN_OF_PAIRS


class ExamWordingWriter(PromptedWriter):
    """One call per chunk for the exam and practice questions of all its kept facts."""

    exam: int = Field(default=2, ge=1, le=20, json_schema_extra={"common": True})
    """Exam questions for each fact."""
    practice: int = Field(default=1, ge=0, le=20)
    """Practice questions for each fact, sat during the training."""
    abstentions: int = Field(default=1, ge=0, le=20)
    """Exam questions for each chunk that it does not answer."""
    facts_per_call: int = Field(default=16, ge=1)
    """A chunk with more facts than this is written in several calls."""
    temperature: float = Field(default=0.7, ge=0.0, le=2.0)
    """0 is the likeliest reply; higher values vary more."""
    top_p: float = Field(default=1.0, gt=0.0, le=1.0)
    """Draw from the smallest set of tokens whose probabilities sum to this."""
    max_tokens: int = Field(default=4096, ge=256)
    """Longest reply, in tokens. A question takes about 30."""
    prompt: ExamPrompts = ExamPrompts()
    """What the teacher is told."""

    def batches(self, chunk: Chunk, document: Document, facts: Sequence[Fact]) -> list[Batch]:
        """The calls to make for the kept `facts` of `chunk`; none where there are no facts."""
        return batches_of(chunk, document, facts, size=self.facts_per_call)

    def request(self, batch: Batch) -> Request[WrittenExam]:
        """What to ask about the facts of `batch`."""
        prompt = self.prompt.of(batch.passage.language)
        return Request(
            messages=prompt.messages(
                passage=batch.passage,
                facts=batch.facts,
                exam=self.exam,
                practice=self.practice,
                abstentions=self.abstentions,
                with_abstentions=batch.is_first,
            ),
            schema=WrittenExam,
            sampling=Sampling(
                temperature=self.temperature, top_p=self.top_p, max_tokens=self.max_tokens
            ),
            purpose="exam wordings",
            check=lambda reply: self._faults(reply, batch),
        )

    def wordings(self, batch: Batch, reply: WrittenExam, *, model: str) -> list[Wording]:
        """The reply as records: exam and practice questions fact by fact, then the abstentions."""
        found = []
        for pair in sorted(reply.pairs, key=lambda pair: pair.number):
            fact = batch.facts[pair.number - 1]
            for index, question in enumerate(pair.exam):
                found.append(self._wording(batch, model, fact, "exam", index, question))
            for index, question in enumerate(pair.practice):
                found.append(self._wording(batch, model, fact, "practice", index, question))
        for index, question in enumerate(reply.unanswerable if batch.is_first else ()):
            found.append(self._wording(batch, model, None, "exam", index, question))
        return found

    def _wording(
        self,
        batch: Batch,
        model: str,
        fact: Fact | None,
        use: WordingUse,
        index: int,
        question: Question,
    ) -> Wording:
        language = fact.language if fact else batch.passage.language
        version = self.prompt.of(batch.passage.language).version
        about = fact.id if fact else f"nothing in {batch.chunk.id}"
        return Wording(
            id=content_id(use, about, version, self.fingerprint(), model, index),
            fact_id=fact.id if fact else None,
            chunk_id=batch.chunk.id,
            document_id=batch.document.id,
            index=index,
            language=language,
            use=use,
            kind="direct" if fact else "abstention",
            question=question.question,
            answer=fact.answer if fact else _UNKNOWN["zh" if language == "zh" else "en"],
            short_answer=fact.short_answer if fact else "",
            model=model,
            prompt_version=version,
        )

    def _faults(self, reply: WrittenExam, batch: Batch) -> list[str]:
        faults = number_faults([pair.number for pair in reply.pairs], facts=len(batch.facts))
        for pair in reply.pairs:
            faults += self._count_faults(pair)
            if 1 <= pair.number <= len(batch.facts):
                faults += _leak_faults(pair, batch.facts[pair.number - 1])
        return faults

    def _count_faults(self, pair: ExamWordings) -> list[str]:
        given = {
            "exam": (self.exam, pair.exam),
            "practice": (self.practice, pair.practice),
        }
        return [
            f"pair {pair.number}: {wanted} under {use} asked for, {count} given"
            for use, (wanted, questions) in given.items()
            for count in [sum(bool(question.question) for question in questions)]
            if count < wanted
        ]


_UNKNOWN = {
    "en": "The documents do not say: the right reply is that it is not known.",
    "zh": "文档中没有记载：正确的回答是不知道。",
}


def _leak_faults(pair: ExamWordings, fact: Fact) -> list[str]:
    """Named only where no exam question is left for the fact: a single one the curation drops."""
    asked = [question.question for question in pair.exam if question.question]
    if asked and all(reveals(question, fact.short_answer) for question in asked):
        return [f"pair {pair.number}: its exam questions give {fact.short_answer!r} away"]
    return []
