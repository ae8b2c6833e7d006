"""A chunker for texts that have marks of their own: a list of separators, the coarsest first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import Field

from loresmith.chunking.code_languages import (
    CodeLanguage,
    language_of_name,
    separators_of,
)
from loresmith.chunking.joining import JoiningChunker
from loresmith.chunking.partition import Piece
from loresmith.chunking.slicing import between_characters, slices
from loresmith.component import content_id
from loresmith.records import Document

Separator = Annotated[str, Field(min_length=1)]


class RecursiveChunker(JoiningChunker):
    """Cuts at the first of the separators, what is still too long at the next one, and so on;
    what no separator divides is cut between words.

    Passages are then joined up to `min_length` and beyond, at the finest separators first.
    """

    type: Literal["recursive"] = "recursive"
    separators: tuple[Separator, ...] = Field(
        default=("\n\n", "\n", "。", "！", "？", ". ", "! ", "? ", "；", "; ", "，", ", ", " "),
        json_schema_extra={"common": True, "form": "json"},
    )
    """Where a text may be cut, the most welcome places first. A cut lies after a separator; one
    that begins with a line break and goes on, such as `\\nclass `, is kept with what follows."""

    language: Literal["none", "auto"] | CodeLanguage = Field(
        default="none", json_schema_extra={"common": True}
    )
    """Cuts source code or markup of this language before its types, functions and blocks, and
    `separators` count no more; `auto`: each document by the ending of its name, others at
    `separators`."""

    def fingerprint(self) -> str:
        """Without a language as it was before there were any: passages keep their ids."""
        if self.language != "none":
            return super().fingerprint()
        plain = self.model_dump(mode="json", exclude={"language"})
        return content_id(type(self).__name__, plain)

    def separators_for(self, document: Document) -> tuple[str, ...]:
        """Where this document is cut."""
        if self.language == "none":
            return self.separators
        named = self.language if self.language != "auto" else language_of_name(document.name)
        return separators_of(named) if named is not None else self.separators

    def pieces(self, document: Document) -> Sequence[Piece]:
        text, separators = document.text, self.separators_for(document)
        pieces = [Piece(0, len(text), 0.0)]
        for depth, separator in enumerate(separators, 1):
            pieces = [
                part
                for piece in pieces
                for part in self._parted(text, piece, separator, depth * _COST_A_STEP)
            ]
        last = (len(separators) + 1) * _COST_A_STEP
        return [part for piece in pieces for part in self._cut(text, piece, last)]

    def _parted(self, text: str, piece: Piece, separator: str, cost: float) -> Iterator[Piece]:
        if piece.end - piece.start <= self.max_length:
            yield piece
            return
        start, before = piece.start, piece.cost
        for cut in _cuts(text, piece, separator):
            yield Piece(start, cut, before)
            start, before = cut, cost
        yield Piece(start, piece.end, before)

    def _cut(self, text: str, piece: Piece, cost: float) -> Iterator[Piece]:
        """The piece without space at its ends, in slices where it is too long."""
        before = piece.cost
        for start, end in slices(text, piece.start, piece.end, max_length=self.max_length):
            yield Piece(start, end, before)
            before = cost


_COST_A_STEP = 10.0


def _cuts(text: str, piece: Piece, separator: str) -> Iterator[int]:
    """Where the piece is cut, after its start and before its end."""
    opens = separator.startswith("\n") and separator.strip()
    shift = len(separator) - len(separator.lstrip()) if opens else len(separator)
    for found in re.finditer(re.escape(separator), text[piece.start : piece.end]):
        cut = piece.start + found.start() + shift
        if piece.start < cut < piece.end and between_characters(text, cut):
            yield cut
