"""Notes which columns a dataset's rows have, so that none is left unread without a word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from loresmith.datasets.named.entry import DatasetEntry, Part
from loresmith.datasets.named.rows import RowReader


class SeenColumns(NamedTuple):
    """The columns of a dataset's rows: those that are read, by part, and those that are not."""

    read: dict[Part, str]
    there: dict[str, None]

    def add(self, row: Any, reader: RowReader) -> None:
        if isinstance(row, dict) and not row.keys() <= self.there.keys():
            self.there.update(dict.fromkeys(row))
            self.read.update(reader.columns(row))

    def warnings(self, name: str, entry: DatasetEntry) -> list[str]:
        """Columns that are named and nowhere there, or there and not read."""
        warnings: list[str] = []
        for part, column in self.read.items():
            named = entry.columns is not None and getattr(entry.columns, part) is not None
            if named and column not in self.there:
                warnings.append(f"{name}.columns.{part}: no row that was read has {column!r}")
        unread = [column for column in self.there if column not in self.read.values()]
        if unread:
            warnings.append(f"{name}: not read are the columns {_quoted(unread)}")
        return warnings


def _quoted(names: Sequence[str]) -> str:
    more = ", ..." if len(names) > 12 else ""
    return ", ".join(map(repr, names[:12])) + more
