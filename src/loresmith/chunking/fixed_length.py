"""A chunker of passages of one length that overlap: what many other tools call text splitting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field, model_validator
from typing_extensions import Self

from loresmith.chunking.base import Chunker
from loresmith.chunking.partition import Stretch
from loresmith.chunking.windows import Ruler, windows
from loresmith.records import Document


class FixedLengthChunker(Chunker):
    """Cuts after so many characters, wherever headings stand; each passage repeats the end of the
    one before, so that no sentence loses what it refers to.

    A passage ends with a sentence, a clause or a word where one ends in its last fifth.
    """

    type: Literal["fixed_length"] = "fixed_length"
    length: int = Field(
        default=1500, gt=0, json_schema_extra={"common": True, "unit": "characters"}
    )
    """Longest chunk, in characters; never exceeded. Only the last of a document is much shorter."""
    overlap: int = Field(
        default=200, ge=0, json_schema_extra={"common": True, "unit": "characters"}
    )
    """Most characters of the end of a chunk that the next one repeats, at most half of `length`;
    less where a sentence or a word begins a little later. 0 repeats nothing."""

    @model_validator(mode="after")
    def _room_for_more(self) -> Self:
        if self.overlap * 2 > self.length:
            raise ValueError(
                f"overlap ({self.overlap}) is more than half of length ({self.length})"
            )
        return self

    @property
    def longest(self) -> int:
        return self.length

    def stretches(self, document: Document) -> Sequence[Stretch]:
        return list(windows(document.text, _Characters(self.length, self.overlap)))


class _Characters(Ruler):
    """Counts code points."""

    def __init__(self, length: int, overlap: int) -> None:
        self._length = length
        self._overlap = overlap

    def reach(self, start: int, limit: int) -> int:
        return min(start + self._length, limit)

    def back(self, start: int, end: int) -> int:
        return max(end - self._overlap, start)
