"""Rows that keep the chain of thought apart from the answer, in the shape of the hub's data set
HuggingFaceH4/Multilingual-Thinking, as Easy Dataset exports it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from loresmith.datasets.exporting.base import ExportForm, SourcedRow, layout_of
from loresmith.datasets.exporting.file_kinds import Column, FileKind
from loresmith.datasets.formats import ShareGPTFormat
from loresmith.datasets.reasoning import parted
from loresmith.records import Message

_TEXTS = ("reasoning_language", "developer", "user", "analysis", "final")
_LANGUAGES = {"zh": "Chinese", "en": "English", "ja": "Japanese", "ko": "Korean", "de": "German"}
_LANGUAGES |= {"fr": "French", "es": "Spanish", "ru": "Russian", "pt": "Portuguese"}


class MultilingualThinkingFile(ExportForm):
    """The last question and answer in columns, and all turns as `messages` with `thinking`."""

    type: Literal["multilingual-thinking"] = "multilingual-thinking"

    @property
    def file(self) -> FileKind:
        return "json"

    @property
    def columns(self) -> tuple[Column, ...]:
        return (*map(Column, _TEXTS), Column("messages", "thoughts"))

    def rows(self, row: SourcedRow) -> Iterator[dict[str, Any]]:
        example = row.conversation
        messages = list(example.messages)
        system = messages.pop(0).content if messages[0].role == "system" else ""
        last = parted(messages[-1].content)
        yield {
            "reasoning_language": _LANGUAGES.get(example.language, example.language or "English"),
            "developer": system,
            "user": messages[-2].content,
            "analysis": last.reasoning or None,
            "final": last.answer,
            "messages": [_turn(Message(role="system", content=system)), *map(_turn, messages)],
        }

    @property
    def layout(self) -> dict[str, Any]:
        """LLaMA Factory reads its messages, and the thinking not."""
        return layout_of(ShareGPTFormat())


def _turn(message: Message) -> dict[str, Any]:
    said = parted(message.content) if message.role == "assistant" else None
    return {
        "content": said.answer if said else message.content,
        "role": message.role,
        "thinking": (said.reasoning or None) if said else None,
    }
