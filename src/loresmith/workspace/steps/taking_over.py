"""Keeps what was written about a passage when its document was corrected or cut anew around it.

Ids of passages hang on their document and on the settings of chunking. A passage that reads as
before, under the same headings, would be asked about in the same words: so its rows are taken
over as they are, with what people decided about them, and nothing is asked again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from loresmith.component import content_id
from loresmith.records import (
    Chunk,
    Document,
    Fact,
    Outcome,
    Review,
    StoredRecord,
    Wording,
    WrittenRow,
)
from loresmith.workspace.context import Context
from loresmith.workspace.writing import Task, opening_task, wording_tasks

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
        return [*made, *self._wordings(facts, copies)]

    def _wordings(self, facts: Sequence[Fact], copies: Sequence[Fact]) -> Iterator[StoredRecord]:
        old = wording_tasks(self._context, *self._old, facts)
        new = wording_tasks(self._context, *self._new, copies)
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
