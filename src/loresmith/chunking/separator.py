"""A chunker for texts that somebody has divided already, by a line such as `---`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from pydantic import Field

from loresmith.chunking.base import Chunker
from loresmith.chunking.divided import divided
from loresmith.chunking.partition import Stretch
from loresmith.records import Document


class SeparatorChunker(Chunker):
    """Cuts at one separator and nowhere else: what stands between two is one passage, however
    short; one over `max_length` is divided at headings, paragraphs and sentences."""

    type: Literal["separator"] = "separator"
    separator: str = Field(
        default="---", min_length=1, pattern=r"\S", json_schema_extra={"common": True}
    )
    """The words or signs that part two passages."""
    on_its_own_line: bool = Field(default=True, json_schema_extra={"common": True})
    """Whether the separator counts only where nothing else stands on its line; off, it counts in
    the middle of a line too, even in the line below a table's header."""
    keep: Literal["no", "before", "after"] = Field(default="no", json_schema_extra={"common": True})
    """What becomes of the separator: `no` keeps it out of all passages, `before` leaves it at the
    end of the passage before it, `after` at the beginning of the one after it."""
    max_length: int = Field(
        default=4000, gt=0, json_schema_extra={"common": True, "unit": "characters"}
    )
    """Longest chunk, in characters; never exceeded."""

    @property
    def longest(self) -> int:
        return self.max_length

    def stretches(self, document: Document) -> Sequence[Stretch]:
        return list(divided(document, self._between(document), max_length=self.max_length))

    def left_out(self, document: Document) -> Sequence[Stretch]:
        """The separators, where they are to be in no passage."""
        return list(self._separators(document.text)) if self.keep == "no" else ()

    def _between(self, document: Document) -> Iterator[Stretch]:
        position = 0
        for start, end in self._separators(document.text):
            yield Stretch(position, end if self.keep == "before" else start)
            position = start if self.keep == "after" else end
        yield Stretch(position, len(document.text))

    def _separators(self, text: str) -> Iterator[Stretch]:
        written = re.escape(self.separator)
        if self.on_its_own_line:
            written = rf"(?m:^)[^\S\r\n]*{written}[^\S\r\n]*(?=[\r\n]|\Z)"
        return (Stretch(*found.span()) for found in re.finditer(written, text))
