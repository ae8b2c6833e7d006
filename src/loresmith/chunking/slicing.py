"""Cuts a passage that is too long and has no sentence ends: between words, never in a character."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence


def slices(text: str, start: int, end: int, *, max_length: int) -> Iterator[tuple[int, int]]:
    """Ranges of at most `max_length` code points that cover all non-space of `text[start:end]`.

    They are about equally long; cuts lie after a clause mark or a space where one is near. What a
    reader sees as one character (a letter with its accents, an emoji sequence, a flag) stays whole
    unless it alone is longer than `max_length`.
    """
    while end - start > max_length:
        count = -(-(end - start) // max_length)
        goal = start + -(-(end - start) // count)
        cut = _cut_near(text, start, goal, _LAST[1:])  # a piece is one sentence
        yield from _trimmed(text, start, cut)
        start = cut
    yield from _trimmed(text, start, end)


_SENTENCE = r"\n|[。！？!?…][”’」』）)】》]*|\.(?=\s)"
_CLAUSE = r"[，；、：,;:](?=\D|\Z)"
_SPACED = r"[\s|)）]"
_LAST = [re.compile(f".*(?:{one})", re.DOTALL) for one in (_SENTENCE, _CLAUSE, _SPACED)]
_FIRST = [re.compile(one) for one in (_SENTENCE, _CLAUSE, _SPACED)]
_LONGEST_CLUSTER = 64


def cut_before(text: str, start: int, goal: int) -> int:
    """The last good place in the fifth before `goal`: after a sentence, a clause, a word, or a
    character; after `start` always."""
    return _cut_near(text, start, goal, _LAST)


def _cut_near(text: str, start: int, goal: int, endings: Sequence[re.Pattern[str]]) -> int:
    nearest = goal - (goal - start) // 5
    for ending in endings:
        found = ending.match(text, nearest, goal)
        if found and between_characters(text, found.end()):
            return found.end()
    for cut in range(goal, max(start, goal - _LONGEST_CLUSTER), -1):
        if between_characters(text, cut):
            return cut
    return goal


def begin_after(text: str, goal: int, end: int) -> int:
    """The first good place to begin at, from `goal` to halfway to `end`: after a sentence, a
    clause, a word, or a character; `end` where there is none."""
    for ending in _FIRST:
        found = ending.search(text, goal, goal + (end - goal) // 2)
        if found and between_characters(text, found.end()):
            return found.end()
    for begin in range(goal, min(end, goal + _LONGEST_CLUSTER)):
        if between_characters(text, begin):
            return begin
    return end


_JOINERS = "\u200d\ufe0e\ufe0f\u20e3"


def between_characters(text: str, cut: int) -> bool:
    """Whether no cluster lies across `cut` (an approximation of Unicode's UAX 29)."""
    before, after = text[cut - 1 : cut], text[cut : cut + 1]
    if not before or not after:
        return True
    if before == "\u200d" or after in _JOINERS or unicodedata.category(after).startswith("M"):
        return False
    if "\U0001f3fb" <= after <= "\U0001f3ff" or "\U000e0020" <= after <= "\U000e007f":
        return False
    if _is_flag_letter(before) and _is_flag_letter(after):
        return _flag_letters_before(text, cut) % 2 == 0
    return not ("\u1100" <= before <= "\u11ff" and "\u1160" <= after <= "\u11ff")


def _is_flag_letter(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _flag_letters_before(text: str, cut: int) -> int:
    count = 0
    while count < _LONGEST_CLUSTER and cut > count and _is_flag_letter(text[cut - count - 1]):
        count += 1
    return count


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    piece = text[start:end]
    visible_start = start + len(piece) - len(piece.lstrip())
    visible_end = start + len(piece.rstrip())
    if visible_start < visible_end:
        yield visible_start, visible_end
