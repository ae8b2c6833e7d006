"""Rows of messages as OpenAI's service for fine-tuning takes them: a row a line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from loresmith.datasets.exporting.base import ExportForm, SourcedRow
from loresmith.datasets.exporting.file_kinds import Column, FileKind
from loresmith.datasets.exporting.sharegpt import ShareGPTFile

_MESSAGES = ShareGPTFile()


class OpenAIFile(ExportForm):
    """`{"messages": [{"role", "content"}, ...]}`, a row a line."""

    type: Literal["openai"] = "openai"

    @property
    def file(self) -> FileKind:
        return "jsonl"

    @property
    def columns(self) -> tuple[Column, ...]:
        return _MESSAGES.columns

    def rows(self, row: SourcedRow) -> Iterator[dict[str, Any]]:
        return _MESSAGES.rows(row)

    @property
    def layout(self) -> dict[str, Any]:
        return _MESSAGES.layout
