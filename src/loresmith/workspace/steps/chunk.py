"""Cuts every document into passages."""

from __future__ import annotations

from loresmith.component import content_id
from loresmith.records import Chunk, Document
from loresmith.workspace.context import Context, remembered
from loresmith.workspace.steps.base import Step, StepState
from loresmith.workspace.steps.parse import documents


class ChunkDocuments(Step):
    """Documents -> chunks."""

    name = "chunk"

    def state(self, context: Context) -> StepState:
        keys = [_key(context, document) for document in documents(context)]
        return StepState(sum(context.done(key) is not None for key in keys), len(keys))

    def run(self, context: Context) -> None:
        found = documents(context)
        for number, document in enumerate(found):
            context.tell(self.name, number, len(found), document.name)
            chunk_document(context, document)
        context.tell(self.name, len(found), len(found))


@remembered
def chunks(context: Context) -> list[Chunk]:
    """Today's chunks, in the order of document and position."""
    ids: list[str] = []
    for document in documents(context):
        outcome = context.done(_key(context, document))
        ids += outcome.made if outcome is not None else ()
    return context.store.get(Chunk, ids)


def chunk_document(context: Context, document: Document) -> None:
    """Cuts one document, unless that is done already."""
    key = _key(context, document)
    if context.done(key) is None:
        made = list(context.recipe.chunking.chunk(document))
        context.finish(key, "chunk", document.name, made)


def chunks_of(context: Context, document: Document) -> list[Chunk]:
    """The chunks of one document by today's settings; none before it is cut."""
    outcome = context.done(_key(context, document))
    return context.store.get(Chunk, outcome.made) if outcome is not None else []


def _key(context: Context, document: Document) -> str:
    return content_id("chunk", document.id, context.recipe.chunking.fingerprint())
