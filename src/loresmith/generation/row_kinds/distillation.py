"""Has a teacher write down what it knows of a topic: its parts, questions about each, answers.

No document bears such rows out. They say so wherever they go, and no exam asks for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from loresmith.generation.prompts import TaskPrompts
from loresmith.generation.replies import Form, QuestionAndAnswer, Text, as_list
from loresmith.generation.row_kinds.base import AskedRows, PassageFacts, RowBatch
from loresmith.models.structured import Request
from loresmith.records import WrittenConversation, WrittenRow, WrittenTopics, WrittenTurn
from loresmith.text.language import language_of


class Part(Form):
    """A part of a topic, and what it falls into."""

    name: Text = ""
    parts: Annotated[tuple[Text, ...], BeforeValidator(as_list)] = ()


class WrittenParts(Form):
    """What `DistillationRows` asks for first."""

    topics: tuple[Part, ...]


class WrittenAnswers(Form):
    """What it asks for about each smallest part."""

    pairs: tuple[QuestionAndAnswer, ...]


class DistillationPrompts(TaskPrompts):
    """What the teacher is told: first to divide a topic, then to write about one part of it."""

    task = "distillation"
    variables: ClassVar[Mapping[str, str]] = {
        "topic": "the whole topic",
        "path": "the names from the topic to the part to write about; empty in the first call, "
        "which divides the topic",
        "branches": "how many parts the topic is divided into",
        "leaves": "how many smaller ones each part is divided into",
        "questions": "how many questions about each smaller part",
    }
    samples: ClassVar[tuple[Mapping[str, Any], ...]] = tuple(
        {"topic": "Harbours", "path": path, "branches": 2, "leaves": 2, "questions": 3}
        for path in ((), ("Harbours", "Quays", "Quay walls"))
    )
    shown = ("topic",)


class DistillationRows(AskedRows):
    """Questions and answers about a topic from the teacher's own knowledge, without a document: the
    topic is divided into parts, and questions about each are written with their answers. Nothing
    checks that they are true; they are marked as ungrounded and never examined."""

    type: Literal["distillation"] = "distillation"
    of_corpus = True
    topic: str = Field(default="", max_length=500, json_schema_extra={"common": True})
    """What to write about, in the language of the rows; nothing is written while it is empty."""
    branches: int = Field(default=5, ge=1, le=30)
    """Parts of the topic."""
    leaves: int = Field(default=4, ge=1, le=30)
    """Smaller parts of each part."""
    questions: int = Field(default=5, ge=1, le=30, json_schema_extra={"common": True})
    """Questions about each smaller part, written in one call."""
    prompt: DistillationPrompts = DistillationPrompts()
    """What the teacher is told."""

    @property
    def needs_no_document(self) -> bool:
        return bool(self.topic.strip())

    def batches(self, _passages: Sequence[PassageFacts]) -> list[RowBatch]:
        topic = self.topic.strip()
        return [RowBatch((), (topic,), _language(topic))] if topic else []

    def following(self, rows: Sequence[WrittenRow]) -> list[RowBatch]:
        """A call for each smallest part of the topic, once it is divided."""
        return [
            RowBatch((), path, row.language)
            for row in rows
            if isinstance(row.content, WrittenTopics)
            for path in row.content.paths
        ]

    def request(self, batch: RowBatch) -> Request[Any]:
        divides = len(batch.words) == 1
        messages = self.prompt.of(batch.language).messages(
            topic=batch.words[0],
            path=() if divides else batch.words,
            branches=self.branches,
            leaves=self.leaves,
            questions=self.questions,
        )
        if divides:
            return Request(messages, WrittenParts, self.sampling, 0, "topics", self._part_faults)
        return Request(messages, WrittenAnswers, self.sampling, 0, "answers", self._answer_faults)

    def reply_tokens(self, batch: RowBatch) -> float:
        if len(batch.words) == 1:
            return self.branches * (1 + self.leaves) * _NAME_TOKENS
        return self.questions * _PAIR_TOKENS

    def rows(self, batch: RowBatch, reply: Any, *, model: str) -> list[WrittenRow]:
        if isinstance(reply, WrittenParts):
            paths = tuple(dict.fromkeys(_paths(batch.words[0], reply)))
            return [self.row(batch, 0, WrittenTopics(paths=paths), [], model=model)]
        turns = [WrittenTurn(question=one.question, answer=one.answer) for one in reply.pairs]
        return [
            self.row(batch, index, WrittenConversation(turns=(turn,)), [], model=model)
            for index, turn in enumerate(turns)
        ]

    def _part_faults(self, reply: WrittenParts) -> list[str]:
        named = [part for part in reply.topics if part.name]
        faults = []
        if len(named) < self.branches:
            faults.append(f"{self.branches} parts asked for, {len(named)} given")
        for part in named:
            smaller = len([name for name in part.parts if name])
            if smaller < self.leaves:
                faults.append(f"{part.name}: {self.leaves} parts asked for, {smaller} given")
        return faults

    def _answer_faults(self, reply: WrittenAnswers) -> list[str]:
        whole = sum(bool(pair.question and pair.answer) for pair in reply.pairs)
        if whole < self.questions:
            return [f"{self.questions} questions with answers asked for, {whole} given"]
        return []


_NAME_TOKENS = 8.0
_PAIR_TOKENS = 150.0


def _paths(topic: str, reply: WrittenParts) -> Iterator[tuple[str, ...]]:
    for part in reply.topics:
        for name in part.parts:
            if part.name and name:
                yield topic, part.name, name


def _language(topic: str) -> str:
    return "zh" if language_of(topic) == "zh" else "en"
