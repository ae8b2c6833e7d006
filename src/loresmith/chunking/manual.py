"""A chunker that cuts where a person says so, document by document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator
from typing_extensions import Self

from loresmith.chunking.divided import divided
from loresmith.chunking.headings import pieces_by_structure
from loresmith.chunking.joining import JoiningChunker
from loresmith.chunking.partition import Piece, Stretch
from loresmith.component import Component
from loresmith.records import Document

Cut = Annotated[int, Field(ge=0)] | Annotated[str, Field(min_length=1)]


class DocumentCuts(Component):
    """Where one document is cut."""

    document: str = Field(min_length=1)
    """The document's name, as the list of documents shows it."""
    at: tuple[Cut, ...] = ()
    """In order: the words that a passage is to begin with, looked for after the cut before, or a
    position in the text (a number of characters from its beginning). Words that the text does not
    have cut nothing; so they outlast corrections of the text elsewhere, which positions do not."""


class ManualChunker(JoiningChunker):
    """Cuts the documents named in `cuts` there and nowhere else, however short the passages; one
    over `max_length` is divided all the same. Every other document is cut as by `headings`."""

    type: Literal["manual"] = "manual"
    cuts: tuple[DocumentCuts, ...] = Field(
        default=(), json_schema_extra={"common": True, "form": "json"}
    )
    """The documents to cut by hand, such as `[{"document": "a.md", "at": ["Part 2", 5400]}]`: `at`
    names the words that a passage is to begin with, or a position in the text."""

    @model_validator(mode="after")
    def _once_each(self) -> Self:
        names = [one.document for one in self.cuts]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"cuts names {twice} twice")
        return self

    def pieces(self, document: Document) -> Sequence[Piece]:
        return list(pieces_by_structure(document, max_length=self.max_length))

    def stretches(self, document: Document) -> Sequence[Stretch]:
        cuts = [one for one in self.cuts if one.document == document.name]
        if not cuts:
            return super().stretches(document)
        bounds = [0, *_positions(cuts[0].at, document.text), len(document.text)]
        wanted = (Stretch(*both) for both in pairwise(bounds))
        return list(divided(document, wanted, max_length=self.max_length))


def _positions(cuts: Sequence[int | str], text: str) -> Iterator[int]:
    """The cuts as positions, rising, within the text."""
    last = 0
    for cut in cuts:
        position = cut if isinstance(cut, int) else text.find(cut, last + 1)
        if last < position < len(text):
            yield position
            last = position
