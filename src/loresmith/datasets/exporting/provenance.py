"""Rows of messages that tell where each came from, a row a line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from loresmith.datasets.exporting.base import ExportForm, SourcedRow
from loresmith.datasets.exporting.file_kinds import Column, FileKind
from loresmith.datasets.exporting.sharegpt import ShareGPTFile

_MESSAGES = ShareGPTFile()
_TOLD = ("split", "language", "document", "kind", "fact_id")


class ProvenanceLines(ExportForm):
    """The conversation, its split and language, the document and fact that it is about, and where
    its evidence stands: document, page and characters."""

    type: Literal["jsonl"] = "jsonl"

    @property
    def file(self) -> FileKind:
        return "jsonl"

    @property
    def stem(self) -> str:
        return "rows"

    @property
    def columns(self) -> tuple[Column, ...]:
        return (Column("id"), *_MESSAGES.columns, *map(Column, _TOLD), Column("places", "texts"))

    @property
    def needs_places(self) -> bool:
        return True

    def rows(self, row: SourcedRow) -> Iterator[dict[str, Any]]:
        yield told_with_provenance(row)

    @property
    def layout(self) -> dict[str, Any]:
        return _MESSAGES.layout


def told_with_provenance(row: SourcedRow) -> dict[str, Any]:
    """The conversation, and where it came from."""
    example = row.conversation
    return {
        "id": example.id,
        "messages": [message.model_dump() for message in example.messages],
        "split": example.split,
        "language": example.language,
        "document": example.provenance.document,
        "kind": example.provenance.kind,
        "fact_id": example.provenance.fact_id,
        "places": list(row.places),
    }
