"""The folder with which LLaMA Factory trains as it stands: alpaca.json, sharegpt.json, and what it
has to know of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from loresmith.datasets.exporting.alpaca import AlpacaFile
from loresmith.datasets.exporting.base import ExportForm, SourcedRow
from loresmith.datasets.exporting.file_kinds import Column, FileKind
from loresmith.datasets.exporting.sharegpt import ShareGPTFile

_ALPACA = AlpacaFile()


class LlamaFactoryFolder(ExportForm):
    """The same rows as alpaca.json and as sharegpt.json; its rows are Alpaca's."""

    type: Literal["llamafactory"] = "llamafactory"

    @property
    def file(self) -> FileKind:
        return "json"

    @property
    def parts(self) -> tuple[ExportForm, ...]:
        return (_ALPACA, ShareGPTFile())

    @property
    def columns(self) -> tuple[Column, ...]:
        return _ALPACA.columns

    def rows(self, row: SourcedRow) -> Iterator[dict[str, Any]]:
        return _ALPACA.rows(row)
