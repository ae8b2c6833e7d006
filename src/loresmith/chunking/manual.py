"""A chunker that cuts where a person says so, document by document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Annotated, Literal, NamedTuple

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
        places = [one.place for one in _found(cuts[0].at, document.text) if one.place is not None]
        bounds = [0, *places, len(document.text)]
        wanted = (Stretch(*both) for both in pairwise(bounds))
        return list(divided(document, wanted, max_length=self.max_length))

    @property
    def named_documents(self) -> Sequence[str]:
        return tuple(one.document for one in self.cuts)

    def found(self, document: Document) -> list[FoundCut]:
        """The cuts of a document, each with its place in the text."""
        cuts = next((one.at for one in self.cuts if one.document == document.name), ())
        return list(_found(cuts, document.text))

    def remarks(self, document: Document) -> Sequence[str]:
        """Which cuts the text does not have."""
        cuts = self.found(document)
        missing = [_SHOWN.format(one.cut) for one in cuts if one.place is None]
        if not missing:
            return ()
        more = ["..."] if len(missing) > _MOST_SHOWN else []
        listed = ", ".join([*missing[:_MOST_SHOWN], *more])
        warning = f"{len(missing)} of {len(cuts)} cuts are not in the text: {listed}"
        return (warning,)

    def toggled(self, document: Document, place: int) -> ManualChunker:
        """With a cut at `place`, or without the one that is there. A new one is named by the words
        that follow, where these are found again at that place, else by the position."""
        cuts = self.found(document)
        if any(one.place == place for one in cuts):
            left = [one.cut for one in cuts if one.place != place]
        else:
            after = (n for n, one in enumerate(cuts) if one.place is not None and one.place > place)
            index = next(after, len(cuts))
            before = max((one.place for one in cuts[:index] if one.place is not None), default=0)
            named = _named(document.text, place, before)
            left = [one.cut for one in cuts]
            left.insert(index, named)
        others = tuple(one for one in self.cuts if one.document != document.name)
        mine = (DocumentCuts(document=document.name, at=tuple(left)),) if left else ()
        return self.model_copy(update={"cuts": (*others, *mine)})


class FoundCut(NamedTuple):
    """A cut, and where it lies; None where the text does not have it after the cut before."""

    cut: int | str
    place: int | None


_SHOWN = "{!r:.60}"
_MOST_SHOWN = 10
_MOST_WORDS = 40


def _found(cuts: Sequence[int | str], text: str) -> Iterator[FoundCut]:
    last = 0
    for cut in cuts:
        position = cut if isinstance(cut, int) else text.find(cut, last + 1)
        if last < position < len(text):
            yield FoundCut(cut, position)
            last = position
        else:
            yield FoundCut(cut, None)


def _named(text: str, place: int, before: int) -> int | str:
    """The first words at `place`, if they are found there by who looks from `before` on."""
    words = text[place : place + _MOST_WORDS].split("\n", 1)[0].rstrip()
    return words if words.strip() and text.find(words, before + 1) == place else place
