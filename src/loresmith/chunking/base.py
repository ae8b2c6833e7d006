"""The base of all chunkers: cuts a document into passages that a model is asked about."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

from loresmith.chunking.context import Outline
from loresmith.chunking.partition import Stretch
from loresmith.component import Component, content_id
from loresmith.records import Chunk, Document


class Chunker(Component, ABC):
    """Cuts documents into chunks, in order, and loses nothing.

    A chunk's text is the document's from `start` to `end`, without space at its ends. Every
    non-space character is in a chunk, but for what `left_out` names. Each chunk begins after the
    one before begins, and ends after it ends; it may begin before that one ends, where a chunker
    has a setting for an overlap. A subclass says where the cuts lie.
    """

    @property
    @abstractmethod
    def longest(self) -> int:
        """The most that a chunk may measure; never exceeded."""

    def measure(self, text: str) -> int:
        """How long `text` is in the unit of this chunker's settings: characters, if not said."""
        return len(text)

    @abstractmethod
    def stretches(self, document: Document) -> Sequence[Stretch]:
        """The ranges of text that become chunks; space at their ends is taken off."""

    def left_out(self, document: Document) -> Sequence[Stretch]:
        """Visible text that is to be in no chunk, such as separators; none, if not said."""
        del document
        return ()

    @property
    def named_documents(self) -> Sequence[str]:
        """Documents that the settings name; none, if not said."""
        return ()

    def remarks(self, document: Document) -> Sequence[str]:
        """What of the settings could not be done with this document; nothing, if not said."""
        del document
        return ()

    def chunk(self, document: Document) -> Iterator[Chunk]:
        """The chunks of `document`; none where it holds only space."""
        outline = Outline(document)
        fingerprint = self.fingerprint()
        trimmed = (_trimmed(document.text, one) for one in self.stretches(document))
        visible = (one for one in trimmed if one.start < one.end)
        for index, (start, end) in enumerate(visible):
            yield Chunk(
                id=content_id(document.id, fingerprint, start, end),
                document_id=document.id,
                index=index,
                start=start,
                end=end,
                text=document.text[start:end],
                context=outline.context_at(start),
            )


_VISIBLE = re.compile(r"\S")


def _trimmed(text: str, one: Stretch) -> Stretch:
    first = _VISIBLE.search(text, one.start, one.end)
    if first is None:
        return Stretch(one.end, one.end)
    kept = text[first.start() : one.end].rstrip()
    return Stretch(first.start(), first.start() + len(kept))
