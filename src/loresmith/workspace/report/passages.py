"""Evidence shown where it stands: marked in its source, with some sentences before and after."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from loresmith.records import Document, Span
from loresmith.text.normalising import locate
from loresmith.text.sentences import sentences
from loresmith.workspace.places import EvidencePlace, place_of

_SENTENCES_AROUND = 2
_MOST_AROUND = 400
"""Code points of context on each side: a document without full stops has one endless sentence."""


class Part(NamedTuple):
    """A piece of a passage; the marked ones are the evidence."""

    text: str
    marked: bool


class Block(NamedTuple):
    """Running text, or the rows of a table that the source writes with `|`; the other is empty."""

    text: tuple[Part, ...]
    rows: tuple[tuple[tuple[Part, ...], ...], ...] = ()


class Passage(NamedTuple):
    """A stretch of a source in which evidence is marked, or a quote that was not found in one."""

    document: str
    """The document's name; empty for a quote without a source."""
    blocks: tuple[Block, ...]
    goes_before: bool
    """True when the source has more text before."""
    goes_after: bool
    found: bool
    place: EvidencePlace | None = None
    """From the first of its marks to the last; None for a quote that was not found."""


def marked_blocks(text: str, marks: Iterable[tuple[int, int]]) -> tuple[Block, ...]:
    """The whole of a text, with the ranges [start, end) of it marked."""
    ranges = _merged(_Range(start, end) for start, end in marks if start < end)
    return tuple(_blocks(text, _Range(0, len(text)), ranges))


class _Range(NamedTuple):
    start: int
    end: int


class _Sentences(NamedTuple):
    """Where the sentences of a document start and end."""

    starts: list[int]
    ends: list[int]


class Sources:
    """The documents of a report, by id and by name, with their sentences found once each."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self._by_key: dict[str, Document] = {}
        for document in documents:
            self._by_key[document.id] = document
            self._by_key.setdefault(document.name, document)
        self._sentences: dict[str, _Sentences] = {}

    def passages(
        self, *, evidence: Sequence[Span], quotes: Sequence[str] = (), document: str = ""
    ) -> tuple[Passage, ...]:
        """Where the evidence stands, in the order of each source.

        Spans that lie outside their document, or whose document is not here, are passed over.
        Where no span is left, the quotes are looked for in `document` (its id or name).
        """
        marks = self._marks_of_spans(evidence)
        unfound: list[str] = []
        if not marks:
            marks, unfound = self._marks_of_quotes(quotes, self._by_key.get(document))
        passages = [
            passage
            for key, ranges in marks.items()
            for passage in self._passages_of(self._by_key[key], ranges)
        ]
        passages += [
            Passage("", (Block((Part(quote, True),)),), False, False, False) for quote in unfound
        ]
        return tuple(passages)

    def _marks_of_spans(self, evidence: Sequence[Span]) -> dict[str, list[_Range]]:
        marks: dict[str, list[_Range]] = {}
        for span in evidence:
            source = self._by_key.get(span.document_id)
            if source is not None and span.start < span.end <= len(source.text):
                marks.setdefault(source.id, []).append(_Range(span.start, span.end))
        return marks

    def _marks_of_quotes(
        self, quotes: Sequence[str], source: Document | None
    ) -> tuple[dict[str, list[_Range]], list[str]]:
        marks: dict[str, list[_Range]] = {}
        unfound = []
        for quote in quotes:
            place = locate(quote, source.text) if source is not None else None
            if source is None or place is None:
                unfound.append(quote)
            else:
                marks.setdefault(source.id, []).append(_Range(*place))
        return marks, unfound

    def _passages_of(self, document: Document, ranges: Sequence[_Range]) -> list[Passage]:
        """Marks whose surroundings touch share one passage."""
        marks = _merged(ranges)
        windows = _merged([self._window(document, mark) for mark in marks])
        return [_passage(document, window, marks) for window in windows]

    def _window(self, document: Document, mark: _Range) -> _Range:
        """The sentences of the mark and some around them, within bounds."""
        if document.id not in self._sentences:
            found = sentences(document.text)
            self._sentences[document.id] = _Sentences([s for s, _ in found], [e for _, e in found])
        starts, ends = self._sentences[document.id]
        if not starts:
            return mark
        first = max(0, bisect.bisect_right(starts, mark.start) - 1 - _SENTENCES_AROUND)
        last = min(len(ends), bisect.bisect_left(starts, mark.end) + _SENTENCES_AROUND) - 1
        return _Range(
            max(min(starts[first], mark.start), mark.start - _MOST_AROUND),
            min(max(ends[last], mark.end), mark.end + _MOST_AROUND),
        )


def _merged(ranges: Iterable[_Range]) -> list[_Range]:
    """In order, with those that overlap or touch made one."""
    merged: list[_Range] = []
    for item in sorted(ranges):
        if merged and item.start <= merged[-1].end:
            merged[-1] = _Range(merged[-1].start, max(merged[-1].end, item.end))
        else:
            merged.append(item)
    return merged


def _passage(document: Document, window: _Range, marks: Sequence[_Range]) -> Passage:
    text = document.text
    inside = [mark for mark in marks if window.start <= mark.start < window.end]
    return Passage(
        document=document.name,
        blocks=tuple(_blocks(text, window, marks)),
        goes_before=bool(text[: window.start].strip()),
        goes_after=bool(text[window.end :].strip()),
        found=True,
        place=place_of(document, inside[0].start, inside[-1].end) if inside else None,
    )


_TABLE_LINE = re.compile(r"[ \t]*\|(.*)\|[ \t]*$")
_RULE_LINE = re.compile(r"[ \t]*\|[ \t:|-]+\|[ \t]*$")
_CELL = re.compile(r"(?:\\.|[^|\\])*")


def _blocks(text: str, window: _Range, marks: Sequence[_Range]) -> Iterator[Block]:
    """The window as text and tables in turn."""
    rows: list[tuple[tuple[Part, ...], ...]] = []
    begin = window.start
    for line in _lines(text, window):
        row = _TABLE_LINE.match(text[line.start : line.end])
        if row is None:
            if rows:
                yield Block((), tuple(rows))
                rows, begin = [], line.start
            continue
        if not rows and text[begin : line.start].strip():
            yield Block(_parts(text, _trimmed(text, _Range(begin, line.start)), marks))
        if not _RULE_LINE.match(row[0]):
            inner = _Range(line.start + row.start(1), line.start + row.end(1))
            rows.append(tuple(_parts(text, cell, marks) for cell in _cells(text, inner)))
        begin = line.end
    if rows:
        yield Block((), tuple(rows))
    elif text[begin : window.end].strip():
        yield Block(_parts(text, _trimmed(text, _Range(begin, window.end)), marks))


def _lines(text: str, window: _Range) -> Iterator[_Range]:
    start = window.start
    while start < window.end:
        newline = text.find("\n", start, window.end)
        end = window.end if newline < 0 else newline
        yield _Range(start, end)
        start = end + 1


def _cells(text: str, row: _Range) -> Iterator[_Range]:
    """The cells of a row without the space around them; `\\|` does not end one."""
    start = row.start
    while start <= row.end:
        match = _CELL.match(text, start, row.end)
        end = match.end() if match else row.end
        yield _trimmed(text, _Range(start, end))
        start = end + 1


def _trimmed(text: str, place: _Range) -> _Range:
    """Without the space at both ends."""
    inside = text[place.start : place.end]
    start = place.start + len(inside) - len(inside.lstrip())
    return _Range(start, max(start, place.start + len(inside.rstrip())))


def _parts(text: str, place: _Range, marks: Sequence[_Range]) -> tuple[Part, ...]:
    """The text of `place`, cut where marks begin and end."""
    parts = []
    position = place.start
    for mark in marks:
        start, end = max(mark.start, position), min(mark.end, place.end)
        if start < end:
            parts.append(Part(text[position:start], False))
            parts.append(Part(text[start:end], True))
            position = end
    parts.append(Part(text[position : place.end], False))
    return tuple(part for part in parts if part.text)
