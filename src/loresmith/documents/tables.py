"""Writes rows of cells as a Markdown table that can be read line by line."""

from __future__ import annotations

from collections.abc import Sequence


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """The rows as a table whose first row is the header; "" where no cell holds anything.

    Rows without anything and columns at the end without anything are left out, short rows filled
    up. A line end in a cell becomes a space, and a pipe is escaped.
    """
    written = [[_cell(cell) for cell in row] for row in rows]
    written = [row for row in written if any(row)]
    width = max((_width(row) for row in written), default=0)
    if not width:
        return ""
    lines = ["| " + " | ".join([*row, *[""] * width][:width]) + " |" for row in written]
    return "\n".join([lines[0], "|" + " --- |" * width, *lines[1:]])


def _cell(cell: str) -> str:
    return " ".join(cell.split()).replace("|", r"\|")


def _width(row: Sequence[str]) -> int:
    """The number of cells up to the last that holds something."""
    return max((number for number, cell in enumerate(row, 1) if cell), default=0)
