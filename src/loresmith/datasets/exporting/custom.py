"""Rows with the members that a person names, each with the value that they choose for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

from pydantic import Field, field_validator

from loresmith.datasets.exporting.base import ExportForm, SourcedRow
from loresmith.datasets.exporting.file_kinds import Column, FileKind
from loresmith.datasets.reasoning import parted


def _system(row: SourcedRow) -> str:
    first = row.conversation.messages[0]
    return first.content if first.role == "system" else ""


def _answer(row: SourcedRow) -> str:
    return parted(row.conversation.messages[-1].content).answer


def _reasoning(row: SourcedRow) -> str:
    return parted(row.conversation.messages[-1].content).reasoning


def _messages(row: SourcedRow) -> list[dict[str, str]]:
    return [{"role": one.role, "content": one.content} for one in row.conversation.messages]


VALUES: dict[str, Callable[[SourcedRow], Any]] = {
    "id": lambda row: row.row.id,
    "question": lambda row: row.conversation.messages[-2].content,
    "answer": _answer,
    "reasoning": _reasoning,
    "full_answer": lambda row: row.conversation.messages[-1].content,
    "short_answer": lambda row: row.short_answer,
    "system": _system,
    "messages": _messages,
    "evidence": lambda row: list(row.quotes),
    "passage": lambda row: row.passage,
    "places": lambda row: list(row.places),
    "document": lambda row: row.row.provenance.document or "",
    "kind": lambda row: row.row.provenance.kind,
    "tags": lambda row: list(row.row.provenance.tags),
    "language": lambda row: row.row.language,
    "split": lambda row: row.row.split,
    "model": lambda row: row.row.provenance.model or "",
    "fact_id": lambda row: row.row.provenance.fact_id or "",
}
"""What can be told of a row. `answer` is without its chain of thought, `full_answer` with it."""

_LISTS: dict[str, Literal["turns", "texts"]] = {
    "messages": "turns",
    "evidence": "texts",
    "places": "texts",
    "tags": "texts",
}
_LOOKED_UP = ("evidence", "passage", "short_answer")
_COLUMN_OF = {"question": "prompt", "answer": "response", "full_answer": "response"}


class CustomFields(ExportForm):
    """Fields of your own choice."""

    type: Literal["custom"] = "custom"
    fields: dict[str, str] = Field(
        default_factory=lambda: {"question": "question", "answer": "answer"}, min_length=1
    )
    """The name of each field, and the value that it has: id, question, answer, reasoning,
    full_answer, short_answer, system, messages, evidence, passage, places, document, kind, tags,
    language, split, model or fact_id; `places` names document, page and
    characters of the evidence."""

    @field_validator("fields")
    @classmethod
    def _known(cls, fields: dict[str, str]) -> dict[str, str]:
        unknown = sorted(set(fields.values()) - VALUES.keys())
        if unknown:
            raise ValueError(f"there is no value {unknown[0]!r}; there are {', '.join(VALUES)}")
        if any(not name.strip() for name in fields):
            raise ValueError("a field needs a name")
        return fields

    @property
    def file(self) -> FileKind:
        return "json"

    @property
    def stem(self) -> str:
        return "rows"

    @property
    def columns(self) -> tuple[Column, ...]:
        return tuple(Column(name, _LISTS.get(value, "text")) for name, value in self.fields.items())

    @property
    def needs_sources(self) -> bool:
        return any(value in _LOOKED_UP for value in self.fields.values())

    @property
    def needs_places(self) -> bool:
        return "places" in self.fields.values()

    def rows(self, row: SourcedRow) -> Iterator[dict[str, Any]]:
        yield {name: VALUES[value](row) for name, value in self.fields.items()}

    @property
    def layout(self) -> dict[str, Any] | None:
        columns = {_COLUMN_OF.get(value, value): name for name, value in self.fields.items()}
        if "prompt" not in columns or "response" not in columns:
            return None
        kept = ("prompt", "response", "system")
        named = {part: columns[part] for part in kept if part in columns}
        return {"columns": named}
