"""Collects the characters that PDFium finds on a page into lines with their place and size."""

from __future__ import annotations

from collections.abc import Iterator
from ctypes import byref, c_double
from typing import TYPE_CHECKING, NamedTuple

from loresmith.documents.pdf_layout import Line

if TYPE_CHECKING:
    import pypdfium2


def lines_of_characters(textpage: pypdfium2.PdfTextPage) -> list[Line]:
    """The lines of a page in PDFium's reading order; none where there is no text layer."""
    lines = []
    current: list[_Character] = []
    for character in _characters(textpage):
        if character.text in "\r\n":
            lines.extend(_line(current))
            current = []
        else:
            if current and _breaks(current[-1], character):
                lines.extend(_line(current))
                current = []
            current.append(character)
    lines.extend(_line(current))
    return _merged_rows(lines)


def _breaks(last: _Character, character: _Character) -> bool:
    """Whether a new line begins after a hyphen, where PDFium leaves out the line end."""
    height = abs(last.base - character.base)
    return last.text == "\xad" and not character.text.isspace() and height > 0.5 * last.size


class _Character(NamedTuple):
    text: str
    size: float
    left: float
    right: float
    base: float
    top: float


_LINE_END_HYPHENS = ("\x02", "\ufffe", "\xad")
"""What PDFium gives for a hyphen at the end of a line."""
_CELL_GAP = 1.5
"""From this gap on, in font sizes, the words left and right of it are cells of a table."""


def _characters(textpage: pypdfium2.PdfTextPage) -> Iterator[_Character]:
    import pypdfium2.raw as pdfium

    left, right, bottom, top = c_double(), c_double(), c_double(), c_double()
    across, base = c_double(), c_double()
    high = 0
    for index in range(textpage.count_chars()):
        code = pdfium.FPDFText_GetUnicode(textpage, index)
        if 0xD800 <= code < 0xDC00:
            high = code
            continue
        if high and 0xDC00 <= code < 0xE000:
            code = 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00)
        high = 0
        if code == 0:
            continue
        pdfium.FPDFText_GetCharBox(
            textpage, index, byref(left), byref(right), byref(bottom), byref(top)
        )
        pdfium.FPDFText_GetCharOrigin(textpage, index, byref(across), byref(base))
        size = pdfium.FPDFText_GetFontSize(textpage, index)
        text = chr(code) if chr(code) not in _LINE_END_HYPHENS else "\xad"
        yield _Character(text, size, left.value, right.value, base.value, top.value)


def _line(characters: list[_Character]) -> list[Line]:
    """The characters as one line, split in cells at wide gaps; nothing where all are space."""
    visible = [character for character in characters if not character.text.isspace()]
    if not visible:
        return []
    size = max(character.size for character in visible)
    if size <= 1.0:  # the font is scaled by a matrix: take the height of its tallest character
        size = max(character.top - character.base for character in visible)
    cells, cell, previous = [], "", visible[0]
    for character in characters:
        if character.text.isspace():
            cell += " "
            continue
        if character.left - previous.right > _CELL_GAP * size:
            cells.append(cell)
            cell = ""
        cell += character.text
        previous = character
    cells.append(cell)
    return [
        Line(
            cells=tuple(" ".join(cell.split()) for cell in cells),
            size=round(size, 1),
            left=min(character.left for character in visible),
            right=max(character.right for character in visible),
            base=visible[0].base,
            top=max(character.top for character in visible),
        )
    ]


def _merged_rows(lines: list[Line]) -> list[Line]:
    """Joins lines that follow one another on the same height: the cells of one table row."""
    merged: list[Line] = []
    for line in lines:
        previous = merged[-1] if merged else None
        if previous and line.left >= previous.right and _same_height(previous, line):
            merged[-1] = Line(
                cells=previous.cells + line.cells,
                size=max(previous.size, line.size),
                left=previous.left,
                right=line.right,
                base=previous.base,
                top=max(previous.top, line.top),
            )
        else:
            merged.append(line)
    return merged


def _same_height(one: Line, other: Line) -> bool:
    return abs(one.base - other.base) < 0.4 * min(one.size, other.size)
