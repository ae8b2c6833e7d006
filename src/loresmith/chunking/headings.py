"""The default chunker: passages that follow headings, paragraphs, sentences and table rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from loresmith.chunking.joining import JoiningChunker
from loresmith.chunking.partition import Piece
from loresmith.chunking.slicing import slices
from loresmith.chunking.tables import tables_of
from loresmith.records import Document
from loresmith.text.sentences import sentences


class HeadingChunker(JoiningChunker):
    """Cuts before headings where it can, else between paragraphs, sentences or table rows.

    Sections shorter than `min_length` are joined with neighbours, under the same heading rather
    than across a higher one; sections longer than `max_length` are divided. A heading stays with
    what follows it, and a table's header with its first row.
    """

    type: Literal["headings"] = "headings"

    def pieces(self, document: Document) -> Sequence[Piece]:
        return list(pieces_by_structure(document, max_length=self.max_length))


def pieces_by_structure(document: Document, *, max_length: int) -> Iterator[Piece]:
    """Headings, sentences and table rows of at most `max_length` characters, longer ones divided;
    a cut costs the less the more of the document's structure it follows."""
    text = document.text
    previous = _Unit(0, 0, "")
    for unit in _units(document):
        cost = _cost(text, previous, unit)
        for start, end in slices(text, unit.start, unit.end, max_length=max_length):
            yield Piece(start, end, cost)
            cost = _COST_WITHIN_SENTENCE
        previous = unit


class _Unit(NamedTuple):
    start: int
    end: int
    kind: str
    """`heading`, `header` (of a table), `first row` (after its header), `row` or `sentence`."""
    level: int = 0


_COST_AFTER_HEADING = 2000.0
_COST_WITHIN_SENTENCE = 300.0
_COST_BETWEEN_ROWS = 40.0
_COST_BETWEEN_SENTENCES = 30.0
_COST_BETWEEN_LINES = 20.0
_COST_BETWEEN_PARAGRAPHS = 10.0
_GAIN_PER_LEVEL = 0.5
"""How much more welcome a cut is before a heading than before one a level below it. Small, so
that no number of headings is worth a cut elsewhere."""


def _cost(text: str, previous: _Unit, unit: _Unit) -> float:
    if previous.kind == "heading" or unit.kind == "first row":
        return _COST_AFTER_HEADING
    if unit.kind == "heading":
        return -_GAIN_PER_LEVEL * (10 - unit.level)
    if unit.kind == "row":
        return _COST_BETWEEN_ROWS
    gap = text[previous.end : unit.start]
    if gap.count("\n") > 1:
        return _COST_BETWEEN_PARAGRAPHS
    return _COST_BETWEEN_LINES if "\n" in gap else _COST_BETWEEN_SENTENCES


def _units(document: Document) -> Iterator[_Unit]:
    """Headings, table rows and sentences, in order: together all non-space text."""
    text, position = document.text, 0
    for marked in sorted([*_heading_units(document), *_table_units(text)]):
        if marked.start < position:
            continue
        yield from _sentence_units(text, position, marked.start)
        yield from [marked] if text[marked.start : marked.end].strip() else []
        position = marked.end
    yield from _sentence_units(text, position, len(text))


_HEADING_LINE = re.compile(r"[^\n]*(?:\n {0,3}(?:=+|-{2,})[ \t]*(?=\n|\Z))?")


def _heading_units(document: Document) -> Iterator[_Unit]:
    for heading in document.headings:
        line = _HEADING_LINE.match(document.text, heading.start)
        if line is not None:
            yield _Unit(line.start(), line.end(), "heading", heading.level)


def _table_units(text: str) -> Iterator[_Unit]:
    for table in tables_of(text):
        if table.body > table.start:
            yield _Unit(table.start, table.body, "header")
        position, kind = table.body, "first row" if table.body > table.start else "sentence"
        for row in text[table.body : table.end].splitlines(keepends=True):
            yield _Unit(position, position + len(row), kind)
            position += len(row)
            kind = "row"


def _sentence_units(text: str, start: int, end: int) -> Iterator[_Unit]:
    for first, last in sentences(text[start:end]):
        yield _Unit(start + first, start + last, "sentence")
