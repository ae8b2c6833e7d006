"""Finds Markdown tables, so that they are cut at the ends of rows and keep their header."""

from __future__ import annotations

import re
from typing import NamedTuple


class Table(NamedTuple):
    """A table of `|`-separated rows; positions are code points of the text."""

    start: int
    end: int
    body: int
    """Where the first row after the header starts; `start` for a table without a header."""
    header: str
    """The header row or rows, without the line of dashes; "" where there is none."""


def tables_of(text: str) -> list[Table]:
    """The tables of `text` in order: two or more rows, of which a header is set off by dashes."""
    return [_table(text, match) for match in _ROWS.finditer(text) if match.group().count("\n")]


_ROWS = re.compile(r"^[ \t]*\|[^\n]*(?:\n[ \t]*\|[^\n]*)*", re.MULTILINE)
_DASHES = re.compile(r"^[ \t]*\|?(?:[ \t]*:?-+:?[ \t]*\|)+(?:[ \t]*:?-+:?)?[ \t]*$", re.MULTILINE)
_MOST_HEADER_ROWS = 3


def _table(text: str, rows: re.Match[str]) -> Table:
    start, end = rows.span()
    dashes = _DASHES.search(text, start, end)
    if dashes is None:
        return Table(start, end, start, "")
    header = text[start : dashes.start()].strip()
    if not header or header.count("\n") >= _MOST_HEADER_ROWS:
        return Table(start, end, start, "")
    return Table(start, end, min(dashes.end() + 1, end), header)
