"""Renders a teacher's answers, kept as readable lines, into replies to today's requests.

The example ships `teacher.jsonl`, written fact by fact. Requests change whenever a prompt or a
chunk does; the knowledge in those lines does not. `make recordings` puts the two together.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from loresmith.errors import DocumentError, NotFound
from loresmith.generation.batches import Batch
from loresmith.generation.exam_wordings import ExamWordingWriter
from loresmith.generation.facts import FactWriter
from loresmith.generation.replies import (
    ExamWordings,
    Pair,
    Question,
    QuestionAndAnswer,
    TrainingWording,
    TrainingWordings,
    WrittenExam,
    WrittenFacts,
    WrittenWordings,
)
from loresmith.generation.wordings import TrainingWordingWriter
from loresmith.models.structured import Request
from loresmith.records import Chunk, Document, Fact
from loresmith.text.normalising import locate

ReplyT = TypeVar("ReplyT", bound=BaseModel)


class Unanswerable(BaseModel):
    """A question that the document does not answer; for training with the honest reply."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    use: Literal["training", "exam"]
    question: str
    answer: str = ""


class TeacherLine(BaseModel):
    """One line of `teacher.jsonl`: a fact with all its wordings, or unanswerable questions."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    document: str
    question: str = ""
    answer: str = ""
    short_answer: str = ""
    evidence: tuple[str, ...] = ()
    formula: str | None = None
    wordings: tuple[TrainingWording, ...] = ()
    practice: tuple[Question, ...] = ()
    exam: tuple[Question, ...] = ()
    anchor: str = ""
    """For unanswerable questions: a quotation that tells which passage they are about."""
    unanswerable: tuple[Unanswerable, ...] = ()

    @property
    def place(self) -> str:
        """The quotation that tells which passage this line belongs to."""
        return self.anchor or (self.evidence[0] if self.evidence else "")


class Recording(NamedTuple):
    """A request, and the text of the reply that a teacher would have given."""

    request: Request[WrittenFacts] | Request[WrittenWordings] | Request[WrittenExam]
    reply: str


def read_teacher_lines(path: Path) -> list[TeacherLine]:
    """The lines of a `teacher.jsonl`. Raises DocumentError naming the line that is wrong."""
    lines = []
    for number, text in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
        if not text.strip():
            continue
        try:
            lines.append(TeacherLine.model_validate_json(text))
        except ValidationError as error:
            fault = error.errors(include_url=False)[0]
            where = ".".join(map(str, fault["loc"])) or "the line"
            raise DocumentError(f"{path.name}, line {number}: {where}: {fault['msg']}") from None
    return lines


def recordings(
    lines: Iterable[TeacherLine],
    chunks: Sequence[Chunk],
    documents: Sequence[Document],
    *,
    fact_writer: FactWriter,
    training_writer: TrainingWordingWriter,
    exam_writer: ExamWordingWriter,
    keep: Callable[[list[Fact]], Sequence[Fact]],
    model: str,
) -> Iterator[Recording]:
    """Requests and replies for all chunks: first those for facts, then those for wordings.

    `keep` is the curation of facts: wordings are asked only for what it keeps. Raises NotFound
    for a line whose quotation is in no chunk of its document, and DocumentError for lines that
    would not pass as the reply that was asked for.
    """
    by_id = {document.id: document for document in documents}
    placed = _placed(lines, chunks, by_id)
    facts: list[Fact] = []
    for chunk in chunks:
        document = by_id[chunk.document_id]
        reply = _facts_reply(placed[chunk.id])
        yield _recording(fact_writer.request(chunk, document), reply, document)
        facts += fact_writer.facts(chunk, document, reply, model=model)
    kept: dict[str, list[Fact]] = {}
    for fact in keep(facts):
        kept.setdefault(fact.chunk_id, []).append(fact)
    unanswerable = _unanswerable_by_chunk(placed, chunks, has_facts=set(kept))
    for chunk in chunks:
        document = by_id[chunk.document_id]
        about = {line.question: line for line in placed[chunk.id] if line.question}
        for batch in training_writer.batches(chunk, document, kept.get(chunk.id, ())):
            training = _training_reply(batch, about, unanswerable[chunk.id])
            yield _recording(training_writer.request(batch), training, document)
        for batch in exam_writer.batches(chunk, document, kept.get(chunk.id, ())):
            exam = _exam_reply(batch, about, unanswerable[chunk.id])
            yield _recording(exam_writer.request(batch), exam, document)


def _placed(
    lines: Iterable[TeacherLine], chunks: Sequence[Chunk], documents: dict[str, Document]
) -> dict[str, list[TeacherLine]]:
    """Each line under the id of the first chunk of its document that holds its quotation."""
    placed: dict[str, list[TeacherLine]] = {chunk.id: [] for chunk in chunks}
    of_document: dict[str, list[Chunk]] = {}
    for chunk in chunks:
        of_document.setdefault(documents[chunk.document_id].name, []).append(chunk)
    for line in lines:
        quotes = [line.anchor] if line.anchor else list(line.evidence)
        holders = (
            chunk
            for quote in quotes
            for chunk in of_document.get(line.document, [])
            if locate(quote, chunk.text)
        )
        holder = next(holders, None)
        if holder is None:
            raise NotFound(
                f"{line.document}: no chunk holds {line.place!r} "
                f"(the teacher's line {line.question or 'of unanswerable questions'!r})",
                hint="correct the quotation in teacher.jsonl, or the document",
            )
        placed[holder.id].append(line)
    return placed


def _unanswerable_by_chunk(
    placed: dict[str, list[TeacherLine]], chunks: Sequence[Chunk], *, has_facts: set[str]
) -> dict[str, list[Unanswerable]]:
    """Unanswerable questions are asked along with facts: those of a chunk without any go to the
    nearest chunk of the same document that has some."""
    found: dict[str, list[Unanswerable]] = {chunk.id: [] for chunk in chunks}
    for chunk in chunks:
        questions = [one for line in placed[chunk.id] for one in line.unanswerable]
        hosts = [c for c in chunks if c.document_id == chunk.document_id and c.id in has_facts]
        if questions and hosts:
            host = min(hosts, key=lambda c: (abs(c.index - chunk.index), c.index))
            found[host.id] += questions
    return found


def _facts_reply(lines: Sequence[TeacherLine]) -> WrittenFacts:
    pairs = tuple(
        Pair(
            question=line.question,
            answer=line.answer,
            short_answer=line.short_answer,
            evidence=line.evidence,
            formula=line.formula or "",
        )
        for line in lines
        if line.question
    )
    return WrittenFacts(pairs=pairs, fewer_because="these are the facts worth asking for")


def _training_reply(
    batch: Batch, about: dict[str, TeacherLine], unanswerable: Sequence[Unanswerable]
) -> WrittenWordings:
    return WrittenWordings(
        pairs=tuple(
            TrainingWordings(number=number, wordings=about[fact.question].wordings)
            for number, fact in enumerate(batch.facts, start=1)
        ),
        unanswerable=tuple(
            QuestionAndAnswer(question=one.question, answer=one.answer)
            for one in unanswerable
            if one.use == "training" and batch.is_first
        ),
    )


def _exam_reply(
    batch: Batch, about: dict[str, TeacherLine], unanswerable: Sequence[Unanswerable]
) -> WrittenExam:
    return WrittenExam(
        pairs=tuple(
            ExamWordings(number=number, exam=line.exam, practice=line.practice)
            for number, fact in enumerate(batch.facts, start=1)
            for line in [about[fact.question]]
        ),
        unanswerable=tuple(
            Question(question=one.question)
            for one in unanswerable
            if one.use == "exam" and batch.is_first
        ),
    )


def _recording(request: Request[ReplyT], reply: ReplyT, document: Document) -> Recording:
    faults = request.check(reply) if request.check else []
    if faults:
        raise DocumentError(
            f"{document.name}: the teacher's lines do not answer the request for "
            f"{request.purpose}: {'; '.join(faults)}",
            hint="complete teacher.jsonl, or ask for less in the recipe",
        )
    text = json.dumps(reply.model_dump(mode="json"), ensure_ascii=False)
    return Recording(request, text)  # type: ignore[arg-type]  # the three reply forms, by name
