"""Chooses the best places to cut a text, given pieces and what a cut before each costs."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple


class Piece(NamedTuple):
    """A half-open range of text that is not cut further."""

    start: int
    end: int
    cost: float
    """What a cut just before this piece costs; negative where a cut is welcome."""


class Stretch(NamedTuple):
    """A half-open range of text that becomes one chunk."""

    start: int
    end: int


def partition(pieces: Sequence[Piece], *, min_length: int, max_length: int) -> list[Stretch]:
    """Joins neighbouring pieces into stretches of at most `max_length` characters.

    Of all ways to do so this is one with the fewest stretches shorter than `min_length` (the last
    one counts half, so that the rest comes last), and among those one whose cuts cost least in
    sum. No piece may be longer than `max_length`. Linear:
    the best way up to each piece follows from the best among the earlier pieces that one stretch
    can begin with, and these are two sliding windows (long enough, too short) whose least element
    a deque keeps at hand.

    semantic-text-splitter was tried for this: it fills chunks up to the maximum level by level
    and so leaves short rests before headings, which is what the minimum is to prevent.
    """
    best: list[_Way] = []
    ways_to_begin: list[_Way] = []
    long_enough, too_short = _SlidingLeast(), _SlidingLeast()
    first = first_short = 0
    for index, piece in enumerate(pieces):
        before = best[-1]._replace(cost=best[-1].cost + piece.cost) if best else _Way(0, 0.0, 0)
        ways_to_begin.append(before._replace(start=index))
        too_short.append(ways_to_begin[index])
        while piece.end - pieces[first].start > max_length:
            first += 1
        while first_short <= index and piece.end - pieces[first_short].start >= min_length:
            long_enough.append(ways_to_begin[first_short])
            first_short += 1
        short = too_short.least(max(first, first_short))
        weight = 1 if index == len(pieces) - 1 else 2
        ways = [long_enough.least(first), short and short._replace(short=short.short + weight)]
        best.append(min(way for way in ways if way is not None))
    return _traced(pieces, best)


class _Way(NamedTuple):
    """How the text up to a piece is cut: the less, in the order of the fields, the better."""

    short: int
    cost: float
    start: int
    """The piece with which the last stretch begins."""


class _SlidingLeast:
    """The least of the ways that begin at a rising bound or after it."""

    def __init__(self) -> None:
        self._kept: deque[_Way] = deque()

    def append(self, way: _Way) -> None:
        while self._kept and self._kept[-1] > way:
            self._kept.pop()
        self._kept.append(way)

    def least(self, bound: int) -> _Way | None:
        while self._kept and self._kept[0].start < bound:
            self._kept.popleft()
        return self._kept[0] if self._kept else None


def _traced(pieces: Sequence[Piece], best: Sequence[_Way]) -> list[Stretch]:
    stretches = []
    last = len(pieces) - 1
    while last >= 0:
        first = best[last].start
        stretches.append(Stretch(pieces[first].start, pieces[last].end))
        last = first - 1
    return stretches[::-1]
