"""Excel workbooks: each sheet a heading and its tables, with the figures as readers see them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple
from xml.etree import ElementTree

from loresmith.documents.base import Reading
from loresmith.documents.number_formats import BUILT_IN, shown
from loresmith.documents.tables import markdown_table
from loresmith.documents.zipped import Parts, ZippedParser
from loresmith.records import Section

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


class XlsxParser(ZippedParser):
    """Reads .xlsx files: of formulas the result that was stored, of hidden sheets nothing."""

    media_type: ClassVar[str] = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    suffixes: ClassVar[tuple[str, ...]] = (".xlsx", ".xlsm")
    own_title_first: ClassVar[bool] = True

    type: Literal["xlsx"] = "xlsx"

    def read(self, data: bytes, *, name: str) -> Reading:
        with self.opened(data, name=name, body=_WORKBOOK) as parts:
            book = _book(parts)
            related = parts.related(_WORKBOOK)
            text, sections, hidden, unknown = "", [], 0, 0
            for sheet in parts.xml(_WORKBOOK).iter(f"{_MAIN}sheet"):
                if sheet.get("state", "visible") != "visible":
                    hidden += 1
                    continue
                rows = _Rows(book)
                part = related.get(sheet.get(_ID, ""), "")
                if "/worksheets/" in part:
                    rows.read(parts.read(part))
                unknown += rows.without_result
                tables = "\n\n".join(_blocks(rows.cells))
                if tables:
                    title = " ".join(sheet.get("name", "").split())
                    sections.append(Section(kind="sheet", label=title, start=len(text)))
                    text += f"## {title}\n\n{tables}\n\n"
            title = parts.own_title()
        return Reading(text, title, _warnings(hidden, unknown), tuple(sections))


_WORKBOOK = "xl/workbook.xml"
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_PLACE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})\Z")
_MOST_MERGED = 20_000
"""Cells that merged ones of a sheet are repeated in, all together."""


def _warnings(hidden: int, unknown: int) -> tuple[str, ...]:
    warnings = []
    if hidden:
        sheets = "1 hidden sheet was" if hidden == 1 else f"{hidden} hidden sheets were"
        warnings.append(f"{sheets} left out")
    if unknown:
        formulas = "1 formula has" if unknown == 1 else f"{unknown} formulas have"
        warnings.append(f"{formulas} no stored result: open the file in Excel and save it")
    return tuple(warnings)


class _Book(NamedTuple):
    """What all sheets share."""

    texts: list[str]
    formats: list[str]
    """The number format of each style."""
    from_1904: bool


def _book(parts: Parts) -> _Book:
    texts, formats = list[str](), list[str]()
    if "xl/sharedStrings.xml" in parts.names:
        texts = [_text(one) for one in parts.xml("xl/sharedStrings.xml")]
    if "xl/styles.xml" in parts.names:
        formats = list(_formats(parts.xml("xl/styles.xml")))
    properties = parts.xml(_WORKBOOK).find(f"{_MAIN}workbookPr")
    counted = properties.get("date1904", "") if properties is not None else ""
    return _Book(texts, formats, counted in ("1", "true"))


def _formats(styles: Element) -> Iterator[str]:
    own = {one.get("numFmtId"): one.get("formatCode", "") for one in styles.iter(f"{_MAIN}numFmt")}
    for style in styles.iterfind(f"{_MAIN}cellXfs/{_MAIN}xf"):
        number = style.get("numFmtId", "0")
        yield own.get(number) or BUILT_IN.get(int(number), "General")


def _text(element: Element) -> str:
    """The text of a cell, without the pronunciation that Japanese ones may carry."""
    runs = [element, *element.iterfind(f"{_MAIN}r")]
    return "".join(part.text or "" for run in runs for part in run.iterfind(f"{_MAIN}t"))


class _Rows:
    """The cells of a sheet by row and column, from 1."""

    def __init__(self, book: _Book) -> None:
        self.cells: dict[int, dict[int, str]] = {}
        self.without_result = 0
        self._book = book
        self._room = _MOST_MERGED

    def read(self, data: bytes) -> None:
        """Takes in the XML of a sheet, cell by cell."""
        row, column, merged = 0, 0, list[str]()
        for event, element in ElementTree.iterparse(io.BytesIO(data), ("start", "end")):
            if event == "start":
                if element.tag == f"{_MAIN}row":
                    row, column = int(element.get("r", row + 1)), 0
                continue
            if element.tag == f"{_MAIN}c":
                place = _PLACE.match(element.get("r", ""))
                column = _column(place[1]) if place else column + 1
                value = self._value(element).strip()
                if value:
                    self.cells.setdefault(row, {})[column] = value
            elif element.tag == f"{_MAIN}mergeCell":
                merged.append(element.get("ref", ""))
            elif element.tag == f"{_MAIN}row":
                element.clear()
        for reference in merged:
            self._repeat(reference)

    def _value(self, cell: Element) -> str:
        kind, value = cell.get("t", "n"), cell.findtext(f"{_MAIN}v")
        if kind == "inlineStr":
            return "".join(_text(part) for part in cell.iterfind(f"{_MAIN}is"))
        if not value:
            self.without_result += cell.find(f"{_MAIN}f") is not None
            return ""
        if kind == "s":
            return self._book.texts[int(value)]
        if kind == "b":
            return "TRUE" if value == "1" else "FALSE"
        if kind != "n":
            return value
        style = int(cell.get("s", "0"))
        code = self._book.formats[style] if style < len(self._book.formats) else "General"
        return shown(value, code, from_1904=self._book.from_1904)

    def _repeat(self, reference: str) -> None:
        """Repeats what merged cells show in each of them, so that a row can be read alone."""
        first, _, last = reference.partition(":")
        begin, end = _PLACE.match(first), _PLACE.match(last)
        if not begin or not end:
            return
        top, bottom = int(begin[2]), int(end[2])
        left, right = _column(begin[1]), _column(end[1])
        value = self.cells.get(top, {}).get(left, "")
        area = (bottom - top + 1) * (right - left + 1)
        if not value or not 0 < area <= self._room:
            return
        self._room -= area
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                self.cells.setdefault(row, {}).setdefault(column, value)


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number


def _blocks(cells: Mapping[int, Mapping[int, str]]) -> Iterator[str]:
    """The tables of a sheet, which empty rows keep apart, with the lines above and below them."""
    block: list[Mapping[int, str]] = []
    before = None
    for number in sorted(cells):
        if block and before is not None and number > before + 1:
            yield _block(block)
            block = []
        block.append(cells[number])
        before = number
    if block:
        yield _block(block)


def _block(rows: list[Mapping[int, str]]) -> str:
    """A table; rows at its top and end that say one thing only are its title and its notes."""
    columns = sorted({column for row in rows for column in row})
    first, last = 0, len(rows)
    if len(columns) > 1:
        while first < last and _says_one_thing(rows[first]):
            first += 1
        while last > first and _says_one_thing(rows[last - 1]):
            last -= 1
    above, below = rows[:first], rows[last:]
    columns = sorted({column for row in rows[first:last] for column in row})
    table = markdown_table([[row.get(one, "") for one in columns] for row in rows[first:last]])
    lines = ["\n\n".join(_line(row) for row in above), table, "\n\n".join(map(_line, below))]
    return "\n\n".join(line for line in lines if line)


def _says_one_thing(row: Mapping[int, str]) -> bool:
    return len(set(row.values())) == 1 and (len(row) > 2 or min(row) == max(row))


def _line(row: Mapping[int, str]) -> str:
    return " ".join(next(iter(row.values())).split())
