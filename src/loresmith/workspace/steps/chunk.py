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
            key = _key(context, document)
            if context.done(key) is None:
                made = list(context.recipe.chunking.chunk(document))
                context.finish(key, self.name, document.name, [*made])
        context.tell(self.name, len(found), len(found))


@remembered
def chunks(context: Context) -> list[Chunk]:
    """Today's chunks, in the order of document and position."""
    ids: list[str] = []
    for document in documents(context):
        outcome = context.done(_key(context, document))
        ids += outcome.made if outcome is not None else ()
    return context.store.get(Chunk, ids)


def _key(context: Context, document: Document) -> str:
    return content_id("chunk", document.id, context.recipe.chunking.fingerprint())
