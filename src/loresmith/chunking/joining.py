"""What chunkers have in common that join small pieces into passages between two lengths."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field, model_validator
from typing_extensions import Self

from loresmith.chunking.base import Chunker
from loresmith.chunking.partition import Piece, Stretch, partition
from loresmith.records import Document


class JoiningChunker(Chunker):
    """Joins pieces of text into chunks, without overlap.

    A subclass says where cuts may lie and what each costs.
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

    @property
    def longest(self) -> int:
        return self.max_length

    @abstractmethod
    def pieces(self, document: Document) -> Sequence[Piece]:
        """All non-space text of the document in pieces of at most `max_length` characters."""

    def stretches(self, document: Document) -> Sequence[Stretch]:
        return partition(
            self.pieces(document), min_length=self.min_length, max_length=self.max_length
        )
