"""The base of all chunkers: cuts a document into passages that a model is asked about."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import Field, model_validator
from typing_extensions import Self

from loresmith.chunking.context import Outline
from loresmith.chunking.partition import Piece, partition
from loresmith.component import Component, content_id
from loresmith.records import Chunk, Document


class Chunker(Component, ABC):
    """Cuts documents into chunks, in order and without overlap.

    Every non-space character is in exactly one chunk, and a chunk's text is the document's from
    `start` to `end`. A subclass says where cuts may lie and what each costs.
    """

    min_length: int = Field(
        default=2000, gt=0, json_schema_extra={"common": True, "unit": "characters"}
    )
    """Shortest chunk, in characters. As few chunks as possible are shorter: a lone short document,
    or one whose neighbours would grow over max_length with it. Where only a smaller max_length is
    set, half of that."""
    max_length: int = Field(
        default=4000, gt=0, json_schema_extra={"common": True, "unit": "characters"}
    )
    """Longest chunk, in characters; never exceeded, so a longer sentence or table row is cut."""

    @model_validator(mode="before")
    @classmethod
    def _other_length_follows(cls, data: Any) -> Any:
        """Who sets one length beyond the other's default means the other to follow."""
        if not isinstance(data, Mapping):
            return data
        shortest, longest = data.get("min_length"), data.get("max_length")
        defaults = {name: cls.model_fields[name].default for name in ("min_length", "max_length")}
        if shortest is None and isinstance(longest, int) and longest < defaults["min_length"]:
            return {**data, "min_length": max(1, longest // 2)}
        if longest is None and isinstance(shortest, int) and shortest > defaults["max_length"]:
            return {**data, "max_length": 2 * shortest}
        return data

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min_length > self.max_length:
            raise ValueError(
                f"min_length ({self.min_length}) is more than max_length ({self.max_length})"
            )
        return self

    @abstractmethod
    def pieces(self, document: Document) -> Sequence[Piece]:
        """All non-space text of the document in pieces of at most `max_length` characters."""

    def chunk(self, document: Document) -> Iterator[Chunk]:
        """The chunks of `document`; none where it holds only space."""
        outline = Outline(document)
        fingerprint = self.fingerprint()
        spans = partition(
            self.pieces(document), min_length=self.min_length, max_length=self.max_length
        )
        for index, (start, end) in enumerate(spans):
            yield Chunk(
                id=content_id(document.id, fingerprint, start, end),
                document_id=document.id,
                index=index,
                start=start,
                end=end,
                text=document.text[start:end],
                context=outline.context_at(start),
            )
