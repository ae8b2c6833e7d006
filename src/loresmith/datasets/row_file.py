"""Opens somebody's file of training rows, whatever its form, and gives its rows one by one.

JSON lists, JSON lines and CSV are read in bounded memory, however long the file is. A row that
cannot be read is given as `Unreadable` with its number, and reading goes on where it can.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple, TextIO

from loresmith.datasets.csv_cells import plain_cell
from loresmith.datasets.row_json import DECODER, parse_json
from loresmith.errors import DatasetError

FileForm = Literal["json", "jsonl", "csv", "parquet", "arrow"]


class Unreadable(NamedTuple):
    """Stands for a row that cannot be read."""

    text: str
    """The beginning of what is there."""
    reason: str
    problem: str


class RawRow(NamedTuple):
    """A row as it stands in the file."""

    number: int
    """Of a list the row, of JSON lines the line, of CSV the row with the header as row 1."""
    value: Any


class RowFile(NamedTuple):
    """A file of rows, and how it is to be read."""

    path: Path
    name: str
    """What people call it; errors name this, never the path."""
    form: FileForm
    encoding: str
    ends_amid_a_character: bool

    @classmethod
    def open(cls, path: Path, *, name: str) -> RowFile:
        """Finds form and encoding. Raises DatasetError when it is no text, or no rows of ours."""
        try:
            encoding, cut = encoding_of(path, name)
            with path.open(encoding=encoding, errors="replace", newline="") as stream:
                form = _form(stream.read(_PART), name)
        except OSError as error:
            raise DatasetError(f"{name} cannot be read: {error.strerror}") from error
        return cls(path, name, form, encoding, cut)

    def rows(self) -> Iterator[RawRow]:
        """All rows in the file's order, good or not. Raises DatasetError where it has none."""
        empty = True
        for row in self._rows():
            empty = False
            yield row
        if empty:
            raise DatasetError(f"{self.name} holds no rows", hint=EXPECTED)

    def _rows(self) -> Iterator[RawRow]:
        # errors="replace" shows only at the end of a file that was cut amid a character.
        with self.path.open(encoding=self.encoding, errors="replace", newline="") as stream:
            if self.form == "csv":
                yield from _csv_rows(stream, self)
            elif self.form == "json":
                yield from _list_rows(stream)
            else:
                yield from _line_rows(stream, self)


EXPECTED = (
    "expected are rows as a JSON list, as JSON lines, or as CSV with a header, such as "
    "instruction and output (alpaca) or messages of role and content (sharegpt, OpenAI)"
)
_PART = 1 << 20
_LONGEST_ROW = 1 << 24
_SHOWN = 200
_NO_TEXT = (
    b"PK\x03\x04",
    b"PAR1",
    b"\x1f\x8b",
    b"%PDF",
    b"\x89PNG",
    b"\xd0\xcf\x11\xe0",
    b"ARROW1",
)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SPACE = re.compile(r"[ \t\r\n]*")


class Encoding(NamedTuple):
    """How a text file is written, and whether it is cut within its last character."""

    name: str
    cut: bool


def encoding_of(path: Path, name: str) -> Encoding:
    """UTF-8, UTF-16 with its mark, or GB 18030 (as Excel saves Chinese CSV).

    Raises DatasetError where the file is empty or no text, and OSError.
    """
    with path.open("rb") as stream:
        start = stream.read(4096)
    if not start.strip():
        raise DatasetError(f"{name} is empty", hint=EXPECTED)
    marked = next((encoding for mark, encoding in _BOMS if start.startswith(mark)), None)
    if start.startswith(_NO_TEXT) or (marked is None and b"\0" in start):
        raise DatasetError(f"{name} is not a text file", hint=EXPECTED)
    for encoding in (marked or "utf-8", "gb18030"):
        ending = _decodes(path, encoding)
        if ending is not None:
            return Encoding(encoding, ending == "cut")
    raise DatasetError(f"{name} is not UTF-8 text", hint="save the file as UTF-8")


def _decodes(path: Path, encoding: str) -> Literal["whole", "cut"] | None:
    """Whether the file decodes; "cut" where only its last character is incomplete."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as stream:
        try:
            while part := stream.read(_PART):
                decoder.decode(part)
        except UnicodeDecodeError:
            return None
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cut"
    return "whole"


def _form(start: str, name: str) -> FileForm:
    suffix = Path(name).suffix.lower()
    first = start.lstrip("\ufeff \t\r\n")[:1]
    if suffix in (".csv", ".tsv"):
        return "csv"
    if first == "[":
        return "json"
    if first == "{" or suffix in (".jsonl", ".ndjson"):
        return "jsonl"
    header = start.lstrip("\ufeff \t\r\n").split("\n", 1)[0]
    if suffix != ".json" and any(mark in header for mark in ",;\t"):
        return "csv"
    raise DatasetError(f"{name} is no file of training rows", hint=EXPECTED)


def _line_rows(stream: TextIO, file: RowFile) -> Iterator[RawRow]:
    """JSON lines; a single object over several lines is one row."""
    whole = _single_object(stream, file)
    if whole is not None:
        yield RawRow(1, whole)
        return
    for row in numbered_lines(stream):
        yield row if isinstance(row.value, Unreadable) else RawRow(row.number, _parsed(row.value))


def numbered_lines(stream: TextIO) -> Iterator[RawRow]:
    """The lines of a text that are not blank, as they stand; one that is too long is Unreadable."""
    number = 0
    while line := _line(stream):
        number += 1
        if len(line) > _LONGEST_ROW:
            yield RawRow(number, Unreadable(line[:_SHOWN], "too_long", _too_long()))
        elif line.strip():
            yield RawRow(number, line)


def _single_object(stream: TextIO, file: RowFile) -> dict[str, Any] | None:
    """The one object that the whole text is, unless it is on one line; rewinds `stream`."""
    if file.path.stat().st_size > _LONGEST_ROW:
        return None
    first, rest = stream.readline().strip(), ""
    if first == "{" or not isinstance(_parsed(first), dict):
        rest = first + "\n" + stream.read()
    stream.seek(0)
    try:
        value = parse_json(rest) if rest else None
    except (json.JSONDecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _line(stream: TextIO) -> str:
    """The next line; of one that is too long, a little more than the limit, the rest skipped."""
    line = _until_newline(stream)
    while len(line) > _LONGEST_ROW and not line.endswith("\n"):
        more = _until_newline(stream)
        if not more or more.endswith("\n"):
            break
    return line


def _until_newline(stream: TextIO) -> str:
    return stream.readline(_LONGEST_ROW + 1)


def _parsed(line: str) -> Any:
    try:
        return parse_json(line.strip())
    except json.JSONDecodeError as error:
        problem = f"not valid JSON: {error.msg} at column {error.colno}"
        return Unreadable(line[:_SHOWN], "not_json", problem)
    except RecursionError:
        return Unreadable(line[:_SHOWN], "not_json", "not valid JSON: nested too deep")


def _list_rows(stream: TextIO) -> Iterator[RawRow]:
    """The members of a JSON list. After one that is broken, no other can be told apart."""
    text = _Window(stream)
    text.past("[")
    number = 0
    while text.next() not in ("]", ""):
        number += 1
        value = text.value()
        yield RawRow(number, value)
        if isinstance(value, Unreadable):
            return
        if text.next() == ",":
            text.past(",")
        elif text.next() not in ("]", ""):
            problem = f"not valid JSON: a comma is missing after row {number}"
            yield RawRow(number + 1, Unreadable(text.shown(), "not_json", problem))
            return
    if text.next() == "":
        problem = "the file ends before its list does: it was cut"
        yield RawRow(number + 1, Unreadable("", "cut", problem))
        return
    text.past("]")
    if text.next() != "":
        problem = "there is more text after the end of the list"
        yield RawRow(number + 1, Unreadable(text.shown(), "not_json", problem))


class _Window:
    """The part of a stream that is being looked at, from the next character that is no space."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._text = ""
        self._at = 0
        self._ended = False

    def next(self) -> str:
        """The next character that is no space; empty at the end."""
        while True:
            found = _SPACE.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text) or self._ended:
                return self._text[self._at : self._at + 1]
            self._more()

    def past(self, character: str) -> None:
        if self.next() == character:
            self._at += 1

    def value(self) -> Any:
        """The JSON value that begins here, or Unreadable."""
        while True:
            try:
                value, end = DECODER.raw_decode(self._text, self._at)
            except (json.JSONDecodeError, RecursionError) as error:
                if self._ended or len(self._text) - self._at > _LONGEST_ROW:
                    return self._broken(error)
                self._more()
                continue
            if end == len(self._text) and not self._ended:  # a number may go on
                self._more()
                continue
            self._at = end
            return value

    def shown(self) -> str:
        return self._text[self._at : self._at + _SHOWN]

    def _more(self) -> None:
        part = self._stream.read(_PART)
        self._ended = not part
        self._text = self._text[self._at :] + part
        self._at = 0

    def _broken(self, error: json.JSONDecodeError | RecursionError) -> Unreadable:
        if isinstance(error, RecursionError):
            return Unreadable(self.shown(), "not_json", "not valid JSON: nested too deep")
        if self._ended and error.pos >= len(self._text.rstrip()) - 1:
            problem = "the file ends within this row: it was cut"
            return Unreadable(self.shown(), "cut", problem)
        problem = f"not valid JSON: {error.msg}; rows after it cannot be told apart"
        return Unreadable(self.shown(), "not_json", problem)


def _csv_rows(stream: TextIO, file: RowFile) -> Iterator[RawRow]:
    reader = csv.reader(stream, delimiter=_delimiter(stream), strict=True)
    try:
        header = next(reader, [])
    except csv.Error as error:
        raise DatasetError(f"the header of {file.name} cannot be read: {error}") from None
    names = [name.strip().lstrip("\ufeff") for name in header]
    twice = next((name for name in names if name and names.count(name) > 1), "")
    if twice or not any(names):
        what = f"has two columns {twice!r}" if twice else "has no header"
        raise DatasetError(f"{file.name} {what}", hint="name each column once, in the first row")
    number = 1
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield RawRow(number, Unreadable("", "not_csv", f"not valid CSV: {error}"))
            continue
        if any(cell.strip() for cell in cells):
            yield RawRow(number, _named(cells, names, file))


def _named(cells: list[str], names: list[str], file: RowFile) -> Any:
    shown = ",".join(cells)[:_SHOWN]
    if len(cells) != len(names):
        problem = f"{len(cells)} cells where the header has {len(names)}"
        return Unreadable(shown, "wrong_columns", problem)
    if file.ends_amid_a_character and cells[-1].endswith("\ufffd"):
        return Unreadable(shown, "cut", "the file ends within this row: it was cut")
    return {name: plain_cell(cell) for name, cell in zip(names, cells, strict=True) if name}


def _delimiter(stream: TextIO) -> str:
    """What parts the names of the header: a comma, a semicolon or a tab; rewinds `stream`."""
    header = next(iter(stream), "")
    stream.seek(0)
    counts = {mark: header.count(mark) for mark in (",", ";", "\t")}
    return max(counts, key=lambda mark: counts[mark])


def _too_long() -> str:
    return f"longer than {_LONGEST_ROW:,} characters"
