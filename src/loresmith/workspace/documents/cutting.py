"""A document between whose paragraphs cuts are set by hand, a part at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator

from loresmith.chunking import ManualChunker
from loresmith.errors import NotFound
from loresmith.records import Document, Record
from loresmith.workspace.context import Context
from loresmith.workspace.places import document_key
from loresmith.workspace.steps.parse import documents

_AT_ONCE = 80
_SHOWN = 240
_PARAGRAPH = re.compile(r"\n[ \t]*\n\s*")


class CutPlace(Record):
    """A paragraph, or what follows a cut within one."""

    start: int
    """Where it begins in the document's text: where a cut would lie."""
    text: str
    """How it begins."""
    cut: bool
    """Whether a cut lies before it."""


class Cutting(Record):
    """Some paragraphs of a document, with the cuts between them."""

    document: str
    """Its name."""
    key: str
    """What it is addressed by."""
    names: dict[str, str]
    """All documents: their names by what they are addressed by."""
    places: tuple[CutPlace, ...]
    cuts: int
    """Cuts that lie in the whole text."""
    remarks: tuple[str, ...]
    """Which cuts the text does not have."""
    start: int
    """The number, from 0, of the first paragraph here."""
    previous: int | None
    next: int | None


def cutting_of(context: Context, chunker: ManualChunker, key: str = "", start: int = 0) -> Cutting:
    """About 80 paragraphs from number `start` of the document at `key`, or of the first that has
    cuts, or of the first. Raises NotFound where there is none."""
    found = documents(context)
    document = _chosen(found, chunker, key)
    cuts = {one.place for one in chunker.found(document) if one.place is not None}
    places = list(_places(document.text, cuts))
    start = min(start, max(0, len(places) - 1))
    end = start + _AT_ONCE
    return Cutting(
        document=document.name,
        key=document_key(document.name),
        names={document_key(one.name): one.name for one in found},
        places=tuple(places[start:end]),
        cuts=len(cuts),
        remarks=tuple(chunker.remarks(document)),
        start=start,
        previous=max(0, start - _AT_ONCE) if start else None,
        next=end if end < len(places) else None,
    )


def document_to_cut(context: Context, key: str) -> Document:
    """The document at `key`. Raises NotFound."""
    for document in documents(context):
        if document_key(document.name) == key:
            return document
    raise NotFound("there is no such document", hint="It may have been deleted or renamed.")


def _chosen(found: list[Document], chunker: ManualChunker, key: str) -> Document:
    by_key = {document_key(one.name): one for one in found}
    with_cuts = (one for one in found if one.name in chunker.named_documents)
    chosen = by_key.get(key) or next(with_cuts, None) or next(iter(found), None)
    if chosen is None:
        raise NotFound("no document is read yet", hint="Upload documents, or open one.")
    return chosen


def _places(text: str, cuts: set[int]) -> Iterator[CutPlace]:
    begins = {found.end() for found in _PARAGRAPH.finditer(text) if found.end() < len(text)}
    first = len(text) - len(text.lstrip())
    bounds = sorted({first, *begins, *cuts})
    for start, end in zip(bounds, [*bounds[1:], len(text)], strict=True):
        words = text[start : min(end, start + _SHOWN)].strip()
        if words:
            yield CutPlace(start=start, text=words, cut=start in cuts)
