"""Alpaca's columns as a file for spreadsheets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from loresmith.datasets.exporting.alpaca import AlpacaFile
from loresmith.datasets.exporting.base import ExportForm, SourcedRow
from loresmith.datasets.exporting.file_kinds import Column, FileKind

_ALPACA = AlpacaFile()


class SpreadsheetFile(ExportForm):
    """A row of cells for each row; earlier turns are JSON in the column `history`."""

    type: Literal["csv"] = "csv"

    @property
    def file(self) -> FileKind:
        return "csv"

    @property
    def stem(self) -> str:
        return "alpaca"

    @property
    def columns(self) -> tuple[Column, ...]:
        return _ALPACA.columns

    def rows(self, row: SourcedRow) -> Iterator[dict[str, Any]]:
        return _ALPACA.rows(row)

    @property
    def layout(self) -> dict[str, Any]:
        return _ALPACA.layout
