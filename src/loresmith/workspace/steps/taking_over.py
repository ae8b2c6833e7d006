"""Keeps what was written about a passage when its document was corrected or cut anew around it.

Ids of passages hang on their document and on the settings of chunking. A passage that reads as
before, under the same headings, would be asked about in the same words: so its rows are taken
over as they are, with what people decided about them, and nothing is asked again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from loresmith.component import content_id
from loresmith.records import (
    Chunk,
    Document,
    Fact,
    FillRound,
    Outcome,
    Review,
    StoredRecord,
    Wording,
    WrittenRow,
)
from loresmith.workspace.context import Context
from loresmith.workspace.fill_rounds import facts_of_rounds, round_key, rounds_of
from loresmith.workspace.writing import Task, further_tasks, opening_task, wording_tasks

RecordT = TypeVar("RecordT", bound=StoredRecord)


def take_over(context: Context, before: Sequence[Chunk], now: Sequence[Chunk]) -> None:
    """Copies rows and reviews from passages of `before` to those of `now` that read the same."""
    documents = _documents(context, [*before, *now])
    old = {
        _wording_of(chunk, documents): chunk for chunk in before if chunk.document_id in documents
    }
    new_ids: dict[str, str] = {}
    made: list[StoredRecord] = []
    for chunk in now:
        earlier = old.get(_wording_of(chunk, documents))
        if earlier is None or earlier.id == chunk.id:
            continue
        copying = _Copying(
            context,
            _Place(earlier, documents[earlier.document_id]),
            _Place(chunk, documents[chunk.document_id]),
        )
        made += copying.records()
        new_ids |= copying.new_ids
    context.add([*made, *_reviews(context, new_ids)])


class _Place(NamedTuple):
    chunk: Chunk
    document: Document


class _Copying:
    """The copying of all that was written about one passage."""

    def __init__(self, context: Context, old: _Place, new: _Place) -> None:
        self._context = context
        self._old = old
        self._new = new
        self.new_ids: dict[str, str] = {}
        """The ids of copies by those of what was copied."""

    def records(self) -> list[StoredRecord]:
        """Facts, wordings, rows of other kinds and the word that they are done; none where nothing
        was written."""
        opening = opening_task(self._context, *self._old)
        outcome = self._context.done(opening.key)
        if outcome is None:
            return []
        facts = self._context.store.get(Fact, outcome.made)
        copies = [self._copy(fact) for fact in facts]
        wordings = [self._copy(one) for one in self._context.store.get(Wording, outcome.made)]
        task = opening_task(self._context, *self._new)
        made = [*copies, *wordings, self._done(task, outcome, [*copies, *wordings])]
        following = list(self._wordings(facts, copies))
        return [*made, *following, *self._fills(opening.key, task.key, facts, copies)]

    def _fills(
        self, old: str, new: str, facts: Sequence[Fact], copies: Sequence[Fact]
    ) -> Iterator[StoredRecord]:
        """What was asked again about the passage, and what followed from it."""
        before, copied = list(facts), list(copies)
        for one in rounds_of(self._context, old):
            brought = facts_of_rounds(self._context, [one])
            now = [self._copy(fact) for fact in brought]
            wordings = self._context.store.get(Wording, one.made)
            yield from now
            yield from [self._copy(wording) for wording in wordings]
            yield self._copy_round(one, new)
            if one.kind == "facts":
                yield from self._follow(
                    further_tasks(self._context, *self._old, brought, before=before),
                    further_tasks(self._context, *self._new, now, before=copied),
                )
            before, copied = [*before, *brought], [*copied, *now]

    def _copy_round(self, one: FillRound, opening: str) -> FillRound:
        def new(ids: Sequence[str]) -> tuple[str, ...]:
            return tuple(self.new_ids.get(old, old) for old in ids)

        shift = _first_letter(self._new.chunk) - _first_letter(self._old.chunk)
        statements = tuple(
            asked.model_copy(
                update={
                    "start": asked.start + shift,
                    "end": asked.end + shift,
                    "fact_ids": new(asked.fact_ids),
                }
            )
            for asked in one.statements
        )
        changed = {
            "id": round_key(one.kind, opening, one.number),
            "opening": opening,
            "chunk_id": self._new.chunk.id,
            "statements": statements,
            "fact_ids": new(one.fact_ids),
            "made": new(one.made),
        }
        return one.model_copy(update=changed)

    def _wordings(self, facts: Sequence[Fact], copies: Sequence[Fact]) -> Iterator[StoredRecord]:
        old = wording_tasks(self._context, *self._old, facts)
        new = wording_tasks(self._context, *self._new, copies)
        yield from self._follow(old, new)

    def _follow(self, old: Iterable[Task], new: Iterable[Task]) -> Iterator[StoredRecord]:
        for old_task, new_task in zip(old, new, strict=False):
            outcome = self._context.done(old_task.key)
            if outcome is not None:
                written = self._context.store.get(Wording, outcome.made)
                rows = self._context.store.get(WrittenRow, outcome.made)
                made: list[StoredRecord] = [self._copy(wording) for wording in written]
                made += [self._copy_row(row) for row in rows]
                yield from made
                yield self._done(new_task, outcome, made)

    def _copy(self, record: RecordT) -> RecordT:
        new_id = content_id("taken over", record.id, self._new.chunk.id)
        self.new_ids[record.id] = new_id
        changed: dict[str, object] = {
            "id": new_id,
            "chunk_id": self._new.chunk.id,
            "document_id": self._new.document.id,
        }
        if isinstance(record, Wording) and record.fact_id is not None:
            changed["fact_id"] = self.new_ids.get(record.fact_id, record.fact_id)
        return record.model_copy(update=changed)

    def _copy_row(self, row: WrittenRow) -> WrittenRow:
        new_id = content_id("taken over", row.id, self._new.chunk.id)
        self.new_ids[row.id] = new_id
        return row.about(
            self.new_ids, id=new_id, chunk_ids=tuple(self._new.chunk.id for _ in row.chunk_ids)
        )

    def _done(self, task: Task, old: Outcome, made: Sequence[StoredRecord]) -> Outcome:
        ids = tuple(record.id for record in made)
        return Outcome(
            id=task.key, step=old.step, subject=task.subject, made=ids, skipped=old.skipped
        )


def _first_letter(chunk: Chunk) -> int:
    """Where the text of a passage begins, after empty lines."""
    return chunk.end - len(chunk.text.lstrip("\n"))


def _documents(context: Context, chunks: Sequence[Chunk]) -> Mapping[str, Document]:
    ids = sorted({chunk.document_id for chunk in chunks})
    return {document.id: document for document in context.store.get(Document, ids)}


def _wording_of(chunk: Chunk, documents: Mapping[str, Document]) -> tuple[str, str, str]:
    """All that a prompt about the passage says of it."""
    document = documents[chunk.document_id]
    return document.title.strip() or document.name, chunk.context.strip(), chunk.text.strip("\n")


def _reviews(context: Context, new_ids: Mapping[str, str]) -> Iterator[Review]:
    """What people decided about the copied rows, decided about the copies."""
    if not new_ids:
        return
    for review in context.store.all(Review):
        copy = new_ids.get(review.subject_id)
        if copy is not None:
            yield review.model_copy(
                update={"id": content_id("taken over", review.id, copy), "subject_id": copy}
            )
