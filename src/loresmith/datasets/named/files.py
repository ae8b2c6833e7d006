"""Finds the files of one dataset, and gives their rows one by one, whatever their form."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from loresmith.datasets.named.tables import TABLES, TableFile
from loresmith.datasets.row_file import (
    Encoding,
    RawRow,
    RowFile,
    Unreadable,
    encoding_of,
    numbered_lines,
)
from loresmith.errors import DatasetError

_ROWS = (".json", ".jsonl", ".ndjson", ".csv", ".tsv")
_TEXT = ".txt"
SUFFIXES = (*_ROWS, *TABLES, _TEXT)
_NO_ROWS = ("dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json")
"""What the `datasets` library and its hubs put beside the rows."""


class SourceFile(Protocol):
    """An opened file of rows."""

    def rows(self) -> Iterator[RawRow]: ...


class FileFound(NamedTuple):
    """A file that is there and of a form that is read."""

    path: Path
    name: str
    """Relative to the folder of dataset_info.json, with forward slashes."""

    def open(self) -> SourceFile:
        """Raises DatasetError, and MissingDependency where Parquet or Arrow cannot be read."""
        suffix = self.path.suffix.lower()
        if suffix in TABLES:
            return TableFile.open(self.path, name=self.name)
        if suffix == _TEXT:
            return TextFile.open(self.path, name=self.name)
        return RowFile.open(self.path, name=self.name)

    def place(self, number: int, file: SourceFile) -> str:
        """Where a row stands, for a person to find it."""
        by_line = isinstance(file, TextFile) or (isinstance(file, RowFile) and file.form == "jsonl")
        return f"{self.name}, {'line' if by_line else 'row'} {number}"


class FilesFound(NamedTuple):
    """The files of one dataset, in the order of their names."""

    files: tuple[FileFound, ...]
    warnings: tuple[str, ...]

    @property
    def all_are_text(self) -> bool:
        """Whether they hold nothing but text, which needs no columns."""
        return {file.path.suffix.lower() for file in self.files} == {_TEXT}


class TextFile(NamedTuple):
    """A text to pre-train on: each line that is not blank is a row with the one column `text`."""

    path: Path
    encoding: Encoding

    @classmethod
    def open(cls, path: Path, *, name: str) -> TextFile:
        """Raises DatasetError when it is no text, or there is none in it."""
        try:
            return cls(path, encoding_of(path, name))
        except OSError as error:
            raise DatasetError(f"{name} cannot be read: {error.strerror}") from error

    def rows(self) -> Iterator[RawRow]:
        # errors="replace" shows only at the end of a file that was cut amid a character.
        with self.path.open(encoding=self.encoding.name, errors="replace", newline="") as stream:
            for row in numbered_lines(stream):
                yield RawRow(row.number, self._row(row.value))

    def _row(self, line: str | Unreadable) -> dict[str, str] | Unreadable:
        if isinstance(line, Unreadable):
            return line
        if self.encoding.cut and line.endswith("\ufffd"):
            return Unreadable(line, "cut", "the file ends within this row: it was cut")
        return {"text": line.rstrip("\r\n")}


def find_files(folder: Path, file_name: str) -> FilesFound:
    """The file of that name, or all files of the folder of that name; not of folders in it.

    Raises DatasetError where there is none, or none of a form that is read.
    """
    path = folder / file_name
    name = path.name if Path(file_name).is_absolute() else Path(file_name).as_posix()
    try:
        if path.is_dir():
            return _files_in(path, name)
        if not path.is_file():
            raise DatasetError(f"there is no file {name!r} {_close_to(path)}")
    except OSError as error:
        raise DatasetError(f"{name} cannot be read: {error.strerror}") from None
    if path.suffix.lower() not in SUFFIXES:
        raise DatasetError(f"{name} is not of a form that is read ({', '.join(SUFFIXES)})")
    return FilesFound((FileFound(path, name),), ())


def _files_in(path: Path, name: str) -> FilesFound:
    there = [one for one in sorted(path.iterdir()) if not one.name.startswith(".")]
    files = tuple(
        FileFound(one, f"{name}/{one.name}")
        for one in there
        if one.is_file() and one.suffix.lower() in SUFFIXES and one.name not in _NO_ROWS
    )
    if not files:
        raise DatasetError(
            f"the folder {name} has no file of a form that is read ({', '.join(SUFFIXES)})"
        )
    read = {file.path for file in files}
    left = [one.name for one in there if one not in read]
    warnings: list[str] = []
    if left:
        warnings.append(f"not read in the folder {name}: {', '.join(left)}")
    return FilesFound(files, tuple(warnings))


def _close_to(path: Path) -> str:
    there = [one.name for one in path.parent.iterdir()] if path.parent.is_dir() else []
    close = difflib.get_close_matches(path.name, there, n=1)
    return f"here; did you mean {close[0]!r}?" if close else "here"
