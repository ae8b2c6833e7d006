"""Opens somebody's file of rows by its name: JSON, JSON lines, CSV, Parquet or Arrow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from loresmith.datasets.named.tables import TABLES, TableFile
from loresmith.datasets.row_file import FileForm, RawRow, RowFile

ROW_FILES = (".json", ".jsonl", ".ndjson", ".csv", ".tsv", *TABLES)
"""How the names of such files end."""


class OpenedRows(Protocol):
    """A file of rows that can be read."""

    @property
    def name(self) -> str: ...

    @property
    def form(self) -> FileForm: ...

    @property
    def encoding(self) -> str: ...

    def rows(self) -> Iterator[RawRow]: ...


def open_rows(path: Path, *, name: str) -> OpenedRows:
    """The file at `path`, which people call `name`.

    Raises DatasetError for a file of something else, and MissingDependency where Parquet or Arrow
    cannot be read here.
    """
    if Path(name).suffix.lower() in TABLES:
        return TableFile.open(path, name=name)
    return RowFile.open(path, name=name)
