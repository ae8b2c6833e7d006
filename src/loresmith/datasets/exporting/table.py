"""Rows of messages with their provenance as a Parquet table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from loresmith.datasets.exporting.base import ExportForm, SourcedRow
from loresmith.datasets.exporting.file_kinds import Column, FileKind
from loresmith.datasets.exporting.provenance import ProvenanceLines

_LINES = ProvenanceLines()


class ParquetTable(ExportForm):
    """The columns id, messages, split, language, document, kind, fact_id and places."""

    type: Literal["parquet"] = "parquet"

    @property
    def file(self) -> FileKind:
        return "parquet"

    @property
    def stem(self) -> str:
        return "rows"

    @property
    def columns(self) -> tuple[Column, ...]:
        return _LINES.columns

    @property
    def needs_places(self) -> bool:
        return True

    def rows(self, row: SourcedRow) -> Iterator[dict[str, Any]]:
        return _LINES.rows(row)

    @property
    def layout(self) -> dict[str, Any]:
        return _LINES.layout
