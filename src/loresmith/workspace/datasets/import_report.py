"""What is told of a file before it is imported and after."""

from __future__ import annotations

from pydantic import Field

from loresmith.datasets.mapping import RowMapping
from loresmith.datasets.row_file import FileForm
from loresmith.records import Message, Record


class Upload(Record):
    """A file that was handed over and is not imported yet."""

    id: str
    """The hash of its content and name."""
    name: str
    bytes: int


class Column(Record):
    """A column, or a member of JSON rows, with what it holds in the first rows."""

    name: str
    samples: tuple[str, ...]
    """Shortened for reading."""


class PreviewedRow(Record):
    """One of the first rows: what becomes of it."""

    number: int
    messages: tuple[Message, ...] = ()
    """Empty where the row cannot be used."""
    reason: str = ""
    """Why it cannot: `wrong_role`, say."""
    detail: str = ""
    cells: dict[str, str] = Field(default_factory=dict)
    """The first columns as they stand in the file, shortened, where nobody has said yet what the
    columns mean."""


class ImportPreview(Record):
    """How a file is understood, shown by its first rows."""

    upload: Upload
    form: FileForm
    encoding: str
    columns: tuple[Column, ...]
    mapping: RowMapping
    """The one asked for, or the one proposed by the names of the columns."""
    unused: tuple[str, ...]
    """Columns that would be left out."""
    rows: tuple[PreviewedRow, ...]


class BadRow(Record):
    """A row that was not taken, and why."""

    number: int
    """Of a list the row, of JSON lines the line, of CSV the row with the header as row 1."""
    reason: str
    detail: str
    text: str
    """The beginning of the row."""


class ImportReport(Record):
    """What an import brought."""

    id: str
    name: str
    """The file's name."""
    at: str
    """ISO 8601, UTC."""
    form: FileForm
    encoding: str
    mapping: RowMapping
    unused: tuple[str, ...] = ()
    """Columns that were left out."""
    read: int
    """Rows of the file."""
    kept: int
    """Rows that were taken."""
    bad: dict[str, int] = Field(default_factory=dict)
    """Rows that were not, by reason."""
    languages: dict[str, int] = Field(default_factory=dict)
    counts: bool = True
    """Whether its rows go into the next version of the dataset; false once it is taken back."""
