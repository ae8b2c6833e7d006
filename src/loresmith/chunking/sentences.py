"""A chunker for texts whose headings mean nothing: as few passages of whole sentences as fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from loresmith.chunking.joining import JoiningChunker
from loresmith.chunking.partition import Piece
from loresmith.chunking.slicing import slices
from loresmith.records import Document
from loresmith.text.sentences import sentences


class SentenceChunker(JoiningChunker):
    """Fills chunks with whole sentences and table rows, wherever headings stand."""

    type: Literal["sentences"] = "sentences"

    def pieces(self, document: Document) -> Sequence[Piece]:
        return [
            Piece(start, end, 1.0 if first == start else _COST_WITHIN_SENTENCE)
            for first, last in sentences(document.text)
            for start, end in slices(document.text, first, last, max_length=self.max_length)
        ]


_COST_WITHIN_SENTENCE = 100.0
