"""Texts to pre-train on, without turns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from loresmith.datasets.exporting.base import ExportForm, RowShape, SourcedRow
from loresmith.datasets.exporting.file_kinds import Column, FileKind


class TextFile(ExportForm):
    """`{"text"}`, a row a line. A question and its answer are two paragraphs of one text."""

    type: Literal["text"] = "text"

    @property
    def file(self) -> FileKind:
        return "jsonl"

    @property
    def shape(self) -> RowShape:
        return "text"

    @property
    def columns(self) -> tuple[Column, ...]:
        return (Column("text"),)

    def rows(self, row: SourcedRow) -> Iterator[dict[str, Any]]:
        yield {"text": row.text.text}

    @property
    def layout(self) -> dict[str, Any]:
        return {"columns": {"prompt": "text"}}
