"""What other settings of chunking would do, told before they are applied. Nothing is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from loresmith.chunking import Chunker
from loresmith.errors import RecipeError
from loresmith.records import Chunk, Document, Record
from loresmith.workspace.context import Context
from loresmith.workspace.documents.coverage import facts_by_chunk
from loresmith.workspace.places import document_key
from loresmith.workspace.recipes import changed_recipe
from loresmith.workspace.steps.parse import documents

MOST_CHARACTERS = 1_500_000
"""Text that is cut for a preview; of a larger project, its first documents up to this much."""
_BINS = 20
_MOST_CHANGES = 40
_SHOWN = 160


class Lengths(Record):
    """How long passages are, in characters."""

    count: int
    shortest: int
    median: int
    longest: int
    bins: tuple[int, ...]
    """How many passages fall into each of the equal bins from 0."""


class ChunkChange(Record):
    """A passage that one of the two ways of cutting has and the other has not."""

    document: str
    """The document's name."""
    key: str
    """What the document is addressed by."""
    kind: Literal["gone", "new"]
    start: int
    end: int
    text: str
    """How it begins."""
    facts: int = 0
    """Facts that are written about it; they go with it."""


class ChunkingPreview(Record):
    """The effect of changed settings on the documents that are read by now."""

    before: Lengths
    after: Lengths
    bin_width: int
    """Characters of one bin."""
    kept: int
    """Passages that stay as they are, with all that is written about them."""
    gone: int
    new: int
    facts_at_stake: int
    """Facts of passages that would go."""
    changes: tuple[ChunkChange, ...]
    """The first of the changes, in the order of document and place."""
    documents: int
    """Documents that were cut for this preview."""
    documents_in_all: int
    """Documents that are read by now."""


def preview_chunking(
    context: Context, changes: Mapping[str, Any], *, key: str | None = None
) -> ChunkingPreview:
    """Cuts the documents by today's settings and by changed ones, and compares.

    `changes` are settings such as `{"chunking.max_length": 1200}`; with `key`, the changes that
    are listed are those of that document. Raises RecipeError for settings that cannot be.
    """
    wanted = _chunker(context, changes)
    found = documents(context)
    compared = [_compared(context, one, wanted) for one in _first(found)]
    before = [chunk for one in compared for chunk in one.before]
    after = [chunk for one in compared for chunk in one.after]
    width = max(1, -(-max((len(c.text) for c in [*before, *after]), default=1) // _BINS))
    listed = [one for one in compared if key in (None, document_key(one.document.name))]
    return ChunkingPreview(
        before=_lengths(before, width),
        after=_lengths(after, width),
        bin_width=width,
        kept=len(before) - sum(len(one.gone) for one in compared),
        gone=sum(len(one.gone) for one in compared),
        new=sum(len(one.new) for one in compared),
        facts_at_stake=sum(one.facts.get(c.id, 0) for one in compared for c in one.gone),
        changes=tuple(change for one in listed for change in _changes(one))[:_MOST_CHANGES],
        documents=len(compared),
        documents_in_all=len(found),
    )


class _Compared(NamedTuple):
    document: Document
    before: list[Chunk]
    after: list[Chunk]
    gone: list[Chunk]
    new: list[Chunk]
    facts: Mapping[str, int]


def refuse_foreign(changes: Mapping[str, Any]) -> None:
    """Raises RecipeError for a change of anything but the chunking."""
    foreign = sorted(path for path in changes if path.split(".")[0] != "chunking")
    if foreign:
        raise RecipeError(f"{foreign[0]} is not a setting of chunking")


def _chunker(context: Context, changes: Mapping[str, Any]) -> Chunker:
    refuse_foreign(changes)
    return changed_recipe(context.recipe, changes).chunking


def _first(found: Sequence[Document]) -> list[Document]:
    """The first documents, as many as a preview has time for; always one."""
    chosen: list[Document] = []
    room = MOST_CHARACTERS
    for document in found:
        if chosen and len(document.text) > room:
            continue
        room -= len(document.text)
        chosen.append(document)
    return chosen


def _compared(context: Context, document: Document, wanted: Chunker) -> _Compared:
    before = list(context.recipe.chunking.chunk(document))
    after = before if wanted == context.recipe.chunking else list(wanted.chunk(document))
    places = {(chunk.start, chunk.end) for chunk in before}
    new_places = {(chunk.start, chunk.end) for chunk in after}
    gone = [chunk for chunk in before if (chunk.start, chunk.end) not in new_places]
    return _Compared(
        document,
        before,
        after,
        gone,
        [chunk for chunk in after if (chunk.start, chunk.end) not in places],
        facts_by_chunk(context, [(chunk, document) for chunk in gone]) if gone else {},
    )


def _lengths(chunks: Sequence[Chunk], width: int) -> Lengths:
    sizes = sorted(len(chunk.text) for chunk in chunks)
    bins = [0] * _BINS
    for size in sizes:
        bins[min(_BINS - 1, max(0, size - 1) // width)] += 1
    return Lengths(
        count=len(sizes),
        shortest=sizes[0] if sizes else 0,
        median=sizes[len(sizes) // 2] if sizes else 0,
        longest=sizes[-1] if sizes else 0,
        bins=tuple(bins),
    )


def _changes(one: _Compared) -> list[ChunkChange]:
    kinds: tuple[tuple[Literal["gone", "new"], list[Chunk]], ...] = (
        ("gone", one.gone),
        ("new", one.new),
    )
    found = [
        ChunkChange(
            document=one.document.name,
            key=document_key(one.document.name),
            kind=kind,
            start=chunk.start,
            end=chunk.end,
            text=" ".join(chunk.text[: 2 * _SHOWN].split())[:_SHOWN],
            facts=one.facts.get(chunk.id, 0),
        )
        for kind, chunks in kinds
        for chunk in chunks
    ]
    return sorted(found, key=lambda change: (change.start, change.kind, change.end))
