"""Rows of messages with roles as a JSON list: ShareGPT's form, as OpenAI spells it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from loresmith.datasets.exporting.base import ExportForm, SourcedRow, layout_of
from loresmith.datasets.exporting.file_kinds import Column, FileKind
from loresmith.datasets.formats import ShareGPTFormat

_SHAREGPT = ShareGPTFormat()


class ShareGPTFile(ExportForm):
    """`{"messages": [{"role", "content"}, ...]}` as a JSON list."""

    type: Literal["sharegpt"] = "sharegpt"

    @property
    def file(self) -> FileKind:
        return "json"

    @property
    def columns(self) -> tuple[Column, ...]:
        return (Column("messages", "turns"),)

    @property
    def title(self) -> str:
        return _SHAREGPT.title

    def rows(self, row: SourcedRow) -> Iterator[dict[str, Any]]:
        yield _SHAREGPT.encode(row.conversation)

    @property
    def layout(self) -> dict[str, Any]:
        return layout_of(_SHAREGPT)
