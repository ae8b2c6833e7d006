"""Which statements of a passage no kept fact rests on, and which of its figures none asks for.

What no row says, a model cannot learn: a figure that is missing here is missing for good. A
statement is a sentence or a table row. It is open where no fact's evidence touches it, or where a
figure of it stands in no fact that rests on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from loresmith.records import Chunk, Document, Fact, Span
from loresmith.text.figures import Figure, figures
from loresmith.text.phrases import covers
from loresmith.text.sentences import sentences


class OpenStatement(NamedTuple):
    """A statement that facts leave something of."""

    start: int
    """Where it begins in the document's text."""
    end: int
    text: str
    figures: tuple[str, ...]
    """Its figures that no fact asks for, as they are written; none where it is open as a whole and
    has no figure."""


class PassageCoverage(NamedTuple):
    """How much of one passage its facts rest on."""

    statements: int
    figures: int
    open: tuple[OpenStatement, ...]

    @property
    def open_figures(self) -> int:
        """How many figures no fact asks for."""
        return sum(len(one.figures) for one in self.open)


def coverage_of(
    chunk: Chunk, document: Document, facts: Sequence[Fact], *, start: int | None = None
) -> PassageCoverage:
    """What the kept `facts` of `chunk` rest on. Headings, lines without a letter or digit, and the
    header of a table are no statements; nor is what begins before `start`, where the passage
    repeats the end of the one before."""
    begin = chunk.start if start is None else start
    headings = {_line_start(document.text, one.start) for one in document.headings}
    statements = figure_count = 0
    left: list[OpenStatement] = []
    for first, last in _statements(document.text, chunk, headings):
        if first < begin:
            continue
        text = document.text[first:last]
        found = _figures(text)
        resting = [fact for fact in facts if _touches(fact.evidence, document.id, first, last)]
        asked = [figure for fact in resting for figure in _figures(_said(fact))]
        missing = tuple(
            figure.text for figure in found if not any(covers(one, figure) for one in asked)
        )
        statements += 1
        figure_count += len(found)
        if missing or not resting:
            left.append(OpenStatement(first, last, " ".join(text.split()), missing))
    return PassageCoverage(statements, figure_count, tuple(left))


_DASHES = re.compile(r"[\s|:\-]*")
_VISIBLE = re.compile(r"\w")


def _statements(text: str, chunk: Chunk, headings: set[int]) -> Iterable[tuple[int, int]]:
    found = [(chunk.start + a, chunk.start + b) for a, b in sentences(chunk.text)]
    for number, (start, end) in enumerate(found):
        if _line_start(text, start) in headings or not _VISIBLE.search(text, start, end):
            continue
        if _DASHES.fullmatch(text, start, end):
            continue
        following = found[number + 1] if number + 1 < len(found) else None
        is_header = text.startswith("|", start) and following is not None
        if is_header and following and _DASHES.fullmatch(text, *following):
            continue
        yield start, end


def _line_start(text: str, position: int) -> int:
    return text.rfind("\n", 0, position) + 1


def _touches(evidence: Sequence[Span], document_id: str, start: int, end: int) -> bool:
    return any(
        span.document_id == document_id and span.start < end and start < span.end
        for span in evidence
    )


def _said(fact: Fact) -> str:
    return f"{fact.question}\n{fact.answer}\n{fact.short_answer}\n{fact.formula or ''}"


_ORDINAL = re.compile(r"\s*(?:[(（]?\d{1,3}[.)、）]|[-*+])\s")


def _figures(text: str) -> list[Figure]:
    """Its figures without the number of a list's item."""
    item = _ORDINAL.match(text)
    return figures(text[item.end() :] if item else text)
