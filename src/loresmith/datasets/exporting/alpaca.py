"""Rows of instruction, input, output and system, with earlier turns as `history`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from loresmith.datasets.exporting.base import ExportForm, SourcedRow, layout_of
from loresmith.datasets.exporting.file_kinds import Column, FileKind
from loresmith.datasets.formats import AlpacaFormat

_ALPACA = AlpacaFormat()


class AlpacaFile(ExportForm):
    """Alpaca's rows as a JSON list."""

    type: Literal["alpaca"] = "alpaca"

    @property
    def file(self) -> FileKind:
        return "json"

    @property
    def columns(self) -> tuple[Column, ...]:
        names = ("instruction", "input", "output", "system")
        return (*map(Column, names), Column("history", "pairs"))

    @property
    def title(self) -> str:
        return _ALPACA.title

    def rows(self, row: SourcedRow) -> Iterator[dict[str, Any]]:
        yield _ALPACA.encode(row.conversation)

    @property
    def layout(self) -> dict[str, Any]:
        return layout_of(_ALPACA)
