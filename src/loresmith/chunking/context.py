"""What a reader of a chunk must know from before it: the headings above, and a table's header."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from loresmith.chunking.tables import tables_of
from loresmith.records import Document, Heading


class Outline:
    """The headings and tables of one document, asked by position."""

    def __init__(self, document: Document) -> None:
        self._title = document.title
        self._headings = sorted(document.headings, key=lambda heading: heading.start)
        self._starts = [_first_visible(document.text, heading.start) for heading in self._headings]
        self._titles_above = _titles_above(self._headings)
        self._tables = tables_of(document.text)
        self._table_starts = [table.start for table in self._tables]

    def context_at(self, start: int) -> str:
        """The document's title and the headings above `start`, one a line, from the top down.

        A heading that begins at `start` is part of the text and not named again. Where `start`
        lies in the body of a table, the table's header comes last.
        """
        lines = self._titles(start)
        header = self._table_header(start)
        return "\n".join([*lines, header] if header else lines)

    def _titles(self, start: int) -> list[str]:
        index = bisect_right(self._starts, start) - 1
        if index < 0:
            return [self._title] if self._title else []
        begins_here = self._starts[index] == start
        own = self._headings[index].title
        above = [*self._titles_above[index], *([] if begins_here else [own])]
        if not self._title or self._title in above or (begins_here and own == self._title):
            return above
        return [self._title, *above]

    def _table_header(self, start: int) -> str:
        index = bisect_right(self._table_starts, start) - 1
        if index < 0:
            return ""
        table = self._tables[index]
        return table.header if table.body <= start < table.end else ""


_VISIBLE = re.compile(r"\S")


def _first_visible(text: str, position: int) -> int:
    found = _VISIBLE.search(text, position)
    return found.start() if found else position


def _titles_above(headings: Sequence[Heading]) -> list[list[str]]:
    """For each heading the titles of those it lies under, from the top down."""
    path: list[Heading] = []
    titles = []
    for heading in headings:
        while path and path[-1].level >= heading.level:
            path.pop()
        titles.append([above.title for above in path])
        path.append(heading)
    return titles
