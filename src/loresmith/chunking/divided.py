"""Keeps passages whose bounds a person has set, and divides only those that are too long."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator

from loresmith.chunking.headings import pieces_by_structure
from loresmith.chunking.partition import Piece, Stretch, partition
from loresmith.records import Document


def divided(
    document: Document, stretches: Iterable[Stretch], *, max_length: int
) -> Iterator[Stretch]:
    """Each of the `stretches` (in order, apart from one another) as it is, or where it is longer
    than `max_length`, in parts of at least half of that, as the default chunker would cut them."""
    text, pieces = document.text, list(pieces_by_structure(document, max_length=max_length))
    ends = [piece.end for piece in pieces]
    for start, end in stretches:
        if len(text[start:end].strip()) <= max_length:
            yield Stretch(start, end)
            continue
        inside: list[Piece] = []
        for piece in pieces[bisect_left(ends, start + 1) :]:
            if piece.start >= end:
                break
            inside.append(Piece(max(piece.start, start), min(piece.end, end), piece.cost))
        yield from partition(inside, min_length=-(-max_length // 2), max_length=max_length)
