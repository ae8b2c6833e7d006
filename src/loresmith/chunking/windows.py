"""Slides over a text in passages of a fixed length, each beginning shortly before the last ends."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator

from loresmith.chunking.partition import Stretch
from loresmith.chunking.slicing import begin_after, cut_before


class Ruler(ABC):
    """Measures distances on one text, in whatever unit."""

    @abstractmethod
    def reach(self, start: int, limit: int) -> int:
        """How far a passage from `start` may go, at most to `limit`; always after `start`."""

    @abstractmethod
    def back(self, start: int, end: int) -> int:
        """Where the overlap begins that a passage from `start` to `end` shares with the next."""


def windows(text: str, ruler: Ruler) -> Iterator[Stretch]:
    """Passages that cover all non-space text; each begins and ends later than the one before.

    A passage ends after a sentence, a clause or a word where one ends in its last fifth, and no
    cut goes through what a reader sees as one character unless that alone is too long. Linear, as
    long as no overlap is longer than half a passage.
    """
    start = rest = _visible(text, 0)
    while rest < len(text):
        end = _end(text, ruler, start, rest)
        if end <= rest:  # the overlap alone takes all the room
            start = rest
            end = _end(text, ruler, start, rest)
        yield Stretch(start, end)
        shared = max(ruler.back(start, end), start + 1)
        start = _visible(text, begin_after(text, shared, end) if shared < end else end)
        rest = _visible(text, end)


_VISIBLE = re.compile(r"\S")


def _visible(text: str, position: int) -> int:
    found = _VISIBLE.search(text, position)
    return found.start() if found else len(text)


def _end(text: str, ruler: Ruler, start: int, rest: int) -> int:
    """Where the passage from `start` ends; at `rest` or before it where nothing new fits."""
    limit = len(text)
    while True:
        goal = ruler.reach(start, limit)
        if goal <= rest or goal == limit:
            return goal
        limit = cut_before(text, rest, goal)
