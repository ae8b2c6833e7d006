"""What belongs to a passage alone, where passages repeat the end of the one before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from loresmith.records import Chunk


class OwnSpan(NamedTuple):
    """The part of a passage that no earlier one holds; all of it, where none overlap."""

    start: int
    end: int

    def meets(self, start: int, end: int) -> bool:
        """Whether it shares a character with another range."""
        return self.start < end and start < self.end


def own_spans(cut: Sequence[Chunk]) -> Mapping[str, OwnSpan]:
    """The own parts of one document's passages, given in order, by their ids."""
    spans: dict[str, OwnSpan] = {}
    done = 0
    for chunk in cut:
        spans[chunk.id] = OwnSpan(max(chunk.start, done), chunk.end)
        done = chunk.end
    return spans
