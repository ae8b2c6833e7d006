"""Where sentences begin and end, in Chinese and English, for chunking and for evidence."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator


def sentences(text: str) -> list[tuple[int, int]]:
    """Half-open ranges of the sentences of `text`, in order, without the space around them.

    Every non-space character is in exactly one range. A heading, a list item, a table row and a
    short line are each at least one sentence of their own; longer plain lines that follow one
    another are taken as one wrapped paragraph. Linear in the length of the text.
    """
    return [
        span
        for start, end in _paragraphs(text)
        for span in _sentences_of_paragraph(text, start, end)
    ]


_MARKED_LINE = re.compile(r"[ \t]*(?:\||#{1,6}[ \t]|[-*+•·][ \t]|\(?\d{1,3}[.)、][ \t]|>|```|~~~)")
_MARKED_ALONE = re.compile(r"[ \t]*(?:\||#{1,6}[ \t]|```|~~~)|.*\|[ \t]*$")
_TABLE_ROW = re.compile(r"[ \t]*\|")
_INDENTED = re.compile(r"[\u3000\t]| {4}")
_WRAP_WIDTH = 40
"""Columns (a Chinese character takes two) from which a line may have been broken by wrapping."""


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    """Ranges of lines that belong together: a hard break lies between any two of them."""
    start = position = 0
    previous = ""
    for line in text.splitlines(keepends=True):
        if position > start and _breaks_between(previous, line):
            yield start, position
            start = position
        previous = line
        position += len(line)
    yield start, position


def _breaks_between(line: str, following: str) -> bool:
    if line.isspace() or following.isspace():
        return True
    if following[0].islower() and not line.lstrip().startswith("|"):
        return False
    if _MARKED_LINE.match(following) or _INDENTED.match(following) or _MARKED_ALONE.match(line):
        return True
    return _columns(line.strip()) < _WRAP_WIDTH


def _columns(line: str) -> int:
    if len(line) >= _WRAP_WIDTH:
        return len(line)
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in line)


_STOP = re.compile(r"[.!?。！？｡．]+[”’」』）)】》〉\]]*[\"'*_”’」』）)】》\]]*")
_WESTERN_STOPS = ".!?．"
_SYMMETRIC_MARKS = "\"'*_"


def _sentences_of_paragraph(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    if _TABLE_ROW.match(text, start, end):
        yield from _trimmed(text, start, end)
        return
    sentence_start = start
    for match in _STOP.finditer(text, start, end):
        cut = _end_of_marks(text, sentence_start, match, end)
        if cut >= end or not _ends_sentence(text, sentence_start, match, cut):
            continue
        yield from _trimmed(text, sentence_start, cut)
        sentence_start = cut
    yield from _trimmed(text, sentence_start, end)


def _end_of_marks(text: str, start: int, match: re.Match[str], end: int) -> int:
    """Where the closing marks end: a quote or `**` that opens the next sentence is left to it."""
    cut = match.end()
    if cut >= end or text[cut].isspace():
        return cut
    stops_end = match.start() + len(match.group().rstrip(_SYMMETRIC_MARKS))
    marks = text[stops_end:cut]
    opens_the_next = bool(marks) and text.count(marks, start, stops_end) % 2 == 0
    return stops_end if opens_the_next else cut


def _ends_sentence(text: str, start: int, match: re.Match[str], cut: int) -> bool:
    """Whether the stops at `match` end a sentence, judged by what stands on both sides."""
    stop = match.group()[0]
    following = text[cut]
    if stop not in _WESTERN_STOPS:
        return True
    if not following.isspace():
        return _is_cjk(following) and match.start() > start and _is_cjk(text[match.start() - 1])
    return not (_next_is_lowercase(text, cut) or (stop == "." and _abbreviates(text, match, cut)))


_NEXT_WORD = re.compile(r"[\s\"'“‘(\[*_]{0,8}([^\W\d_]*)")


def _next_is_lowercase(text: str, position: int) -> bool:
    word = _NEXT_WORD.match(text, position)
    return word is not None and word.group(1)[:1].islower()


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TITLES = _words(
    "mr mrs ms messrs dr prof rev hon st mt ft gen col maj capt lt cmdr sgt sen rep gov pres"
)
_BEFORE_NUMBERS = _words(
    "no nos fig figs sec sect art vol ch eq pp p para tab approx ca jan feb mar apr jun jul aug"
    " sep sept oct nov dec vs cf viz al"
)
_MAY_END = _words("inc ltd co corp llc plc bros etc jr sr dept est ave blvd rd")
_SENTENCE_OPENERS = _words(
    "the a an it its in on at he she they we you i this that these those there after before when"
    " while during since as for from by to but and however if all both each no not their our"
    " his her who what where why how with under between"
)
_WORD_BEFORE = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]+\Z|\d+\Z")


def _abbreviates(text: str, match: re.Match[str], cut: int) -> bool:
    """Whether the single full stop belongs to a short form such as `Dr.`, `No.` or `U.S.`."""
    line_start = max(match.start() - 24, text.rfind("\n", 0, match.start()) + 1)
    before = text[line_start : match.start()]
    found = _WORD_BEFORE.search(before)
    if found is None:
        return False
    word = found.group().lower()
    if word.isdigit():
        return not before[: found.start()].strip(" \t(") and len(word) <= 3
    following = _NEXT_WORD.match(text, cut)
    opens = following is not None and following.group(1).lower() in _SENTENCE_OPENERS
    if word in _TITLES:
        return True
    if word in _BEFORE_NUMBERS:
        return not opens
    return (word in _MAY_END or "." in word or (len(word) == 1 and word.isascii())) and not opens


def _is_cjk(character: str) -> bool:
    return "\u3000" <= character <= "\u9fff" or "\uff00" <= character <= "\uffef"


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    piece = text[start:end]
    begin = start + len(piece) - len(piece.lstrip())
    finish = end - (len(piece) - len(piece.rstrip()))
    if begin < finish:
        yield begin, finish
