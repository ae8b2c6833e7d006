"""Which passages the teacher is to be asked about: all, or those that somebody selected.

A project remembers its selections: the first one narrows it to what was begun by then and what is
selected, each further one adds to that. A plain `generate` asks for every passage. Every other
verb (dataset, training, the whole run) works with what was asked for and waits for nothing else.
Where nobody ever selected anything, everything is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from loresmith.component import content_id
from loresmith.errors import Conflict, NotFound
from loresmith.records import Chunk, Document, Outcome
from loresmith.workspace.context import Context, remembered
from loresmith.workspace.steps.chunk import chunks
from loresmith.workspace.steps.parse import documents
from loresmith.workspace.writing import opening_task


def ask(context: Context, verb: str) -> None:
    """Remembers what the job about to begin asks for; nothing, unless `verb` is `generate`.

    Raises NotFound for a selection of passages that never were.
    """
    if verb != "generate":
        return
    if context.scope.chunks is None:
        _remember(context, ())
        return
    unknown = set(context.scope.chunks) - {chunk.id for chunk in _selected(context)}
    if unknown:
        raise NotFound(
            f"{len(unknown)} of the selected passages do not exist",
            hint="Select them anew: the documents may have been cut differently since.",
        )
    before = _asked_ids(context)
    _remember(context, (*(_begun(context) if before is None else before), *context.scope.chunks))


def keep_asking(context: Context, chunks_to_add: Sequence[Chunk]) -> None:
    """Adds passages to a remembered selection: those that took the place of selected ones."""
    before = _asked_ids(context)
    if before is not None and chunks_to_add:
        _remember(context, (*before, *(chunk.id for chunk in chunks_to_add)))


@remembered
def passages(context: Context) -> list[tuple[Chunk, Document]]:
    """Today's chunks, each with its document."""
    by_id = {document.id: document for document in documents(context)}
    return [(chunk, by_id[chunk.document_id]) for chunk in chunks(context)]


@remembered
def asked_passages(context: Context) -> list[tuple[Chunk, Document]]:
    """Those of today's passages that the teacher is asked about: by this job, or ever."""
    ids = _ids(context)
    if ids is None:
        return passages(context)
    today = [chunk for chunk, _ in passages(context)]
    selected = _Selection(context, context.store.get(Chunk, ids), documents(context), today)
    found = [(chunk, document) for chunk, document in passages(context) if selected.holds(chunk)]
    if not found and context.scope.chunks is not None and passages(context):
        raise Conflict(
            "none of the selected passages is there any more",
            hint="The documents or the settings of chunking have changed: select anew.",
        )
    return found


def asked_of(context: Context, document: Document, cut: Sequence[Chunk]) -> list[Chunk]:
    """Those of one document's chunks that are asked about; reads no other document."""
    ids = _ids(context)
    if ids is None:
        return list(cut)
    selected = _Selection(context, context.store.get(Chunk, ids), [document], cut)
    return [chunk for chunk in cut if selected.holds(chunk)]


def asked_documents(context: Context) -> list[Document]:
    """Those of today's documents that the teacher is asked about; they need not be cut yet."""
    ids = _ids(context)
    if ids is None:
        return documents(context)
    of = {chunk.document_id for chunk in context.store.get(Chunk, ids)}
    names = {document.name for document in context.store.get(Document, sorted(of))}
    return [document for document in documents(context) if document.name in names]


class _Selection:
    """Passages as they were when they were selected.

    One of today's is meant when it is one of them, or overlaps one that is gone since, or where
    its document has another text by now, when it reads the same.
    """

    def __init__(
        self,
        context: Context,
        selected: Sequence[Chunk],
        today: Iterable[Document],
        cut: Sequence[Chunk],
    ) -> None:
        self._ids = {chunk.id for chunk in selected}
        self._spans: dict[str, list[tuple[int, int]]] = {}
        there = {chunk.id for chunk in cut}
        for chunk in selected:
            spans = self._spans.setdefault(chunk.document_id, [])
            if chunk.id not in there:
                spans.append((chunk.start, chunk.end))
        self._names = {document.id: document.name for document in today}
        gone = sorted(self._spans.keys() - self._names.keys())
        for document in context.store.get(Document, gone):
            self._names[document.id] = document.name
        self._texts = {(self._names.get(one.document_id), one.text) for one in selected}

    def holds(self, chunk: Chunk) -> bool:
        return (
            chunk.id in self._ids
            or any(
                start < chunk.end and chunk.start < end
                for start, end in self._spans.get(chunk.document_id, ())
            )
            or (self._names[chunk.document_id], chunk.text) in self._texts
        )


_KEY = content_id("passages asked for")


def _ids(context: Context) -> tuple[str, ...] | None:
    """The passages of this job's selection, else those selected so far; None for all."""
    return context.scope.chunks if context.scope.chunks is not None else _asked_ids(context)


def _asked_ids(context: Context) -> tuple[str, ...] | None:
    """The passages selected so far; None where all are asked for."""
    remembered_asking = context.store.one(Outcome, _KEY)
    return remembered_asking.made or None if remembered_asking is not None else None


def _begun(context: Context) -> list[str]:
    """The passages that the teacher was asked about, with or without success."""
    opening = {opening_task(context, *passage).key: passage[0].id for passage in passages(context)}
    return [opening[outcome.id] for outcome in context.store.get(Outcome, list(opening))]


def _remember(context: Context, ids: Iterable[str]) -> None:
    """Writes down a selection; an empty one stands for everything."""
    unique = tuple(dict.fromkeys(ids))
    subject = "selected passages" if unique else "every passage"
    context.store.put(Outcome(id=_KEY, step="ask", subject=subject, made=unique))
    context.memory.clear()


def _selected(context: Context) -> list[Chunk]:
    return context.store.get(Chunk, context.scope.chunks or ())
