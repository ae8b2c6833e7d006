"""A document as it is worked with: its text with the passages marked, a part at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from loresmith.workspace.context import Context
from loresmith.workspace.documents.coverage import facts_by_chunk
from loresmith.workspace.documents.folder import Read, read_now
from loresmith.workspace.documents.listing import read_line
from loresmith.workspace.documents.own_spans import own_spans
from loresmith.workspace.documents.shown import (
    DocumentLine,
    Outline,
    Passage,
    TextPage,
    TextPiece,
)
from loresmith.workspace.steps.asking import asked_of
from loresmith.workspace.steps.chunk import chunks_of

LONGEST_PAGE = 60_000
"""Most characters of one part."""


def outline_of(context: Context, key: str) -> Outline:
    """The headings and passages of a document, without its text. Raises as `text_page` does."""
    read = read_now(context, key)
    seen = _seen(context, read)
    return Outline(
        document=seen.line,
        headings=read.document.headings,
        sections=read.document.sections,
        passages=seen.passages,
        total=len(read.document.text),
    )


def text_page(context: Context, key: str, *, start: int, length: int) -> TextPage:
    """About `length` characters from `start`, up to the end of a passage where one is near.

    Raises NotFound, and DocumentError for a file that cannot be read.
    """
    read = read_now(context, key)
    seen = _seen(context, read)
    total = len(read.document.text)
    start = max(0, min(start, total))
    end = _end(seen.passages, start, min(length, LONGEST_PAGE), total)
    return TextPage(
        document=seen.line,
        start=start,
        end=end,
        total=total,
        pieces=tuple(_pieces(read, seen.passages, start, end)),
    )


class _Seen(NamedTuple):
    line: DocumentLine
    passages: tuple[Passage, ...]


def _seen(context: Context, read: Read) -> _Seen:
    cut = chunks_of(context, read.document)
    counts = facts_by_chunk(context, [(chunk, read.document) for chunk in cut])
    asked = {chunk.id for chunk in asked_of(context, read.document, cut)}
    own = own_spans(cut)
    return _Seen(
        read_line(context, read.source, read.document, cut, counts),
        tuple(
            Passage(
                id=chunk.id,
                index=chunk.index,
                start=chunk.start,
                end=chunk.end,
                repeated=own[chunk.id].start - chunk.start,
                context=chunk.context,
                facts=counts.get(chunk.id, 0),
                asked=chunk.id in asked,
                sections=read.document.sections_of(chunk.start, chunk.end),
            )
            for chunk in cut
        ),
    )


def _end(passages: Sequence[Passage], start: int, length: int, total: int) -> int:
    """Where the part ends: with a whole passage, unless that would make it twice as long."""
    goal = min(start + length, total)
    across = next((one for one in passages if one.start < goal < one.end), None)
    return across.end if across is not None and across.end <= goal + length else goal


def _pieces(read: Read, passages: Sequence[Passage], start: int, end: int) -> Iterator[TextPiece]:
    text, position = read.document.text, start
    for passage in passages:
        if passage.end <= start or passage.start >= end:
            continue
        if passage.start > position:
            yield TextPiece(start=position, text=text[position : passage.start])
            position = passage.start
        until = min(passage.end, end)
        yield TextPiece(start=position, text=text[position:until], passage=passage)
        position = until
    if position < end:
        yield TextPiece(start=position, text=text[position:end])
