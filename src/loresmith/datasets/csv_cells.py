"""Keeps a spreadsheet from running what a cell of an exported CSV file says, and reads it back.

A cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return is taken for a formula; an
apostrophe before it makes it text (OWASP, CSV injection). It is taken away again when the file is
read, so that what was written is read back equal.
"""

from __future__ import annotations

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")


def inert_cell(text: str) -> str:
    """`text` with an apostrophe before it, where a spreadsheet would take it for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def plain_cell(cell: str) -> str:
    """What `inert_cell` was given."""
    return cell[1:] if _ESCAPED.match(cell) else cell
