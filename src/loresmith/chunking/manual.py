"""A chunker that cuts where a person says so, document by document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field

from loresmith.chunking.divided import divided
from loresmith.chunking.headings import pieces_by_structure
from loresmith.chunking.joining import JoiningChunker
from loresmith.chunking.partition import Piece, Stretch
from loresmith.records import Document

Cut = Annotated[int, Field(ge=0)] | Annotated[str, Field(min_length=1)]


class ManualChunker(JoiningChunker):
    """Cuts the documents named in `cuts` there and nowhere else, however short the passages; one
    over `max_length` is divided all the same. Every other document is cut as by `headings`."""

    type: Literal["manual"] = "manual"
    cuts: dict[str, tuple[Cut, ...]] = Field(
        default={}, json_schema_extra={"common": True, "form": "json"}
    )
    """Where to cut, by the document's name, in order: the words that a passage is to begin with,
    looked for after the cut before, or a position in the text (a number of characters from its
    beginning). Words that the text does not have cut nothing; so they outlast corrections of the
    text elsewhere, which positions do not."""

    def pieces(self, document: Document) -> Sequence[Piece]:
        return list(pieces_by_structure(document, max_length=self.max_length))

    def stretches(self, document: Document) -> Sequence[Stretch]:
        if document.name not in self.cuts:
            return super().stretches(document)
        bounds = [0, *self._positions(document), len(document.text)]
        wanted = (Stretch(*both) for both in pairwise(bounds))
        return list(divided(document, wanted, max_length=self.max_length))

    def _positions(self, document: Document) -> Iterator[int]:
        """The cuts as positions, rising, within the text."""
        text, last = document.text, 0
        for cut in self.cuts[document.name]:
            position = cut if isinstance(cut, int) else text.find(cut, last + 1)
            if last < position < len(text):
                yield position
                last = position
