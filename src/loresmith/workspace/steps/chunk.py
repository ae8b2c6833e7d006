"""Cuts every document into passages; what was written about those that stay is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from loresmith.component import content_id
from loresmith.records import Chunk, Document, Outcome
from loresmith.workspace.context import Context, remembered
from loresmith.workspace.steps.base import Failure, Step, StepState
from loresmith.workspace.steps.parse import documents
from loresmith.workspace.steps.taking_over import take_over


class ChunkDocuments(Step):
    """Documents -> chunks."""

    name = "chunk"

    def state(self, context: Context) -> StepState:
        found = documents(context)
        done = sum(_is_cut(context, document) for document in found)
        return StepState(done, len(found), tuple(_remarks(context, found)))

    def run(self, context: Context) -> None:
        found = documents(context)
        for number, document in enumerate(found):
            context.tell(self.name, number, len(found), document.name)
            chunk_document(context, document)
        context.tell(self.name, len(found), len(found))


def _remarks(context: Context, found: Sequence[Document]) -> Iterator[Failure]:
    """What the settings ask for and the documents do not have; the rest is cut all the same."""
    chunker = context.recipe.chunking
    for document in found:
        for remark in chunker.remarks(document):
            yield Failure(ChunkDocuments.name, document.name, f"{document.name}: {remark}")
    names = {document.name for document in found}
    for name in chunker.named_documents:
        if name not in names:
            warning = f"{name}: chunking.cuts names it, and there is no such document"
            yield Failure(ChunkDocuments.name, name, warning)


@remembered
def chunks(context: Context) -> list[Chunk]:
    """Today's chunks, in the order of document and position."""
    ids: list[str] = []
    for document in documents(context):
        outcome = context.done(_key(context, document))
        ids += outcome.made if outcome is not None else ()
    return context.store.get(Chunk, ids)


def chunk_document(context: Context, document: Document) -> None:
    """Cuts one document, unless that is done already, and takes over what was written before."""
    if _is_cut(context, document):
        return
    key, latest = _key(context, document), _latest_key(document.name)
    if context.done(key) is None:
        made = list(context.recipe.chunking.chunk(document))
        context.finish(key, "chunk", document.name, made)
    before, now = context.done(latest), context.done(key)
    assert now is not None  # it has just been written, if it was not there
    if before is not None:
        take_over(context, context.store.get(Chunk, before.made), chunks_of(context, document))
    context.store.put(now.model_copy(update={"id": latest, "step": "latest cut"}))
    context.memory.clear()


def chunks_of(context: Context, document: Document) -> list[Chunk]:
    """The chunks of one document by today's settings; none before it is cut."""
    outcome = context.done(_key(context, document))
    return context.store.get(Chunk, outcome.made) if outcome is not None else []


def chunks_by_document(
    context: Context, documents: Sequence[Document]
) -> Mapping[str, list[Chunk]]:
    """What `chunks_of` tells, of many documents at once, by the document's id."""
    keys = {document.id: _key(context, document) for document in documents}
    made = {one.id: one.made for one in context.store.get(Outcome, list(keys.values()))}
    ids = [chunk_id for chunk_ids in made.values() for chunk_id in chunk_ids]
    chunks = {chunk.id: chunk for chunk in context.store.get(Chunk, ids)}
    return {one: [chunks[i] for i in made.get(key, ())] for one, key in keys.items()}


def _is_cut(context: Context, document: Document) -> bool:
    """Whether the chunks of today are there, and are those that were made last."""
    outcomes = context.store.get(Outcome, [_key(context, document), _latest_key(document.name)])
    return len(outcomes) == 2 and outcomes[0].made == outcomes[1].made


def _key(context: Context, document: Document) -> str:
    return content_id("chunk", document.id, context.recipe.chunking.fingerprint())


def _latest_key(name: str) -> str:
    """Where the way is remembered in which a document was cut last."""
    return content_id("latest cut", name)
