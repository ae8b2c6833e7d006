"""Writes rows as JSON, JSON lines, CSV or Parquet, piece by piece: no file is held in memory.

The same rows give the same bytes.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Literal, NamedTuple

from loresmith.datasets.csv_cells import inert_cell
from loresmith.errors import MissingDependency

FileKind = Literal["json", "jsonl", "csv", "parquet"]
FILE_KINDS: tuple[FileKind, ...] = ("json", "jsonl", "csv", "parquet")
MEDIA_TYPES: dict[str, str] = {
    "json": "application/json",
    "jsonl": "application/jsonl",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "zip": "application/zip",
}


class Column(NamedTuple):
    """A column of a file, and what its cells hold."""

    name: str
    kind: Literal["text", "flag", "texts", "turns", "thoughts", "pairs"] = "text"
    """`turns`: messages of role and content; `thoughts`: with `thinking` besides; `pairs`:
    questions with their answers."""


def written(
    rows: Iterable[dict[str, Any]], kind: FileKind, columns: tuple[Column, ...]
) -> Iterator[bytes]:
    """The file of these rows. Raises MissingDependency where Parquet cannot be written here."""
    if kind == "json":
        return json_list(rows)
    if kind == "jsonl":
        return json_lines(rows)
    return _csv(rows, columns) if kind == "csv" else _parquet(rows, columns)


def json_list(rows: Iterable[Any]) -> Iterator[bytes]:
    """A JSON list row by row in UTF-8, as `json.dumps(rows, indent=2)` writes it; ends the line."""
    empty = True
    for row in rows:
        text = json.dumps(row, ensure_ascii=False, indent=2).replace("\n", "\n  ")
        yield (("[\n  " if empty else ",\n  ") + text).encode()
        empty = False
    yield b"[]\n" if empty else b"\n]\n"


def json_lines(rows: Iterable[Any]) -> Iterator[bytes]:
    """A row a line."""
    for row in rows:
        yield (json.dumps(row, ensure_ascii=False) + "\n").encode()


class Sink(io.RawIOBase):
    """Takes what an archive or a table writes until it is sent on; cannot go back."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._at = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._at += len(part)
        return len(part)

    def taken(self) -> bytes:
        """What was written since this was last asked."""
        data = b"".join(self._parts)
        self._parts.clear()
        return data


def _csv(rows: Iterable[dict[str, Any]], columns: tuple[Column, ...]) -> Iterator[bytes]:
    """With a mark by which Excel knows UTF-8; lists are JSON in their cell."""
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\r\n")

    def taken(cells: Iterable[str]) -> bytes:
        writer.writerow([inert_cell(cell) for cell in cells])
        text = line.getvalue()
        line.seek(0)
        line.truncate()
        return text.encode()

    yield b"\xef\xbb\xbf" + taken(column.name for column in columns)
    for row in rows:
        yield taken(_cell(row.get(column.name)) for column in columns)


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False) if value else ""


_AT_ONCE = 1000
"""Rows of a group of a Parquet file."""


def _parquet(rows: Iterable[dict[str, Any]], columns: tuple[Column, ...]) -> Iterator[bytes]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise MissingDependency("pyarrow", extra="train") from None
    text = pyarrow.string()
    said = [("role", text), ("content", text)]
    kinds = {
        "text": text,
        "flag": pyarrow.bool_(),
        "texts": pyarrow.list_(text),
        "turns": pyarrow.list_(pyarrow.struct(said)),
        "thoughts": pyarrow.list_(pyarrow.struct([*said, ("thinking", text)])),
        "pairs": pyarrow.list_(pyarrow.list_(text)),
    }
    schema = pyarrow.schema([(column.name, kinds[column.kind]) for column in columns])
    sink, left = Sink(), iter(rows)
    with parquet.ParquetWriter(sink, schema, compression="snappy") as writer:
        while some := list(islice(left, _AT_ONCE)):
            writer.write_table(pyarrow.Table.from_pylist(some, schema=schema))
            yield sink.taken()
    yield sink.taken()
