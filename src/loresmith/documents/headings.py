"""Finds the headings of a text: Markdown's, bold lines that stand alone, and Chinese numbering."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from loresmith.records import Heading


def headings_of(text: str, *, opens_with_title: bool = False) -> tuple[Heading, ...]:
    """The headings of `text`, in order, each at the position where its line starts.

    Markdown headings (`# Title`, or a line underlined with `===` or `---`) have levels 1 to 6.
    Lines numbered in the Chinese way (第一章, 第一节, 一、, （一）) and bold lines that stand alone
    lie below the Markdown heading before them. Code fences and YAML front matter hold none.
    `opens_with_title` takes a short first line that stands alone for a heading of level 1.
    """
    found = []
    markdown_level = 0
    for index, neighbourhood in enumerate(_neighbourhoods(text)):
        line = neighbourhood.line
        if opens_with_title and index == 0 and _may_be_title(neighbourhood):
            markdown_level, title = 1, line.strip()
        elif heading := _markdown_heading(neighbourhood):
            markdown_level, title = heading
        elif ranked := _ranked_heading(neighbourhood):
            rank, title = ranked
            level = min(markdown_level + rank, 9)
            found.append(Heading(level=level, title=title, start=neighbourhood.start))
            continue
        else:
            continue
        if title:
            found.append(Heading(level=markdown_level, title=title, start=neighbourhood.start))
    return tuple(found)


class _Neighbourhood(NamedTuple):
    """A line that is not blank, with the lines around it ("" where there is none)."""

    before: str
    line: str
    after: str
    start: int


_LONGEST_LINE = 2_000
"""In characters: no heading is longer, and looking for one in megabytes takes long."""
_FENCE = re.compile(r" {0,3}(```|~~~)")
_FRONT_MATTER = re.compile(
    r"\s*---[ \t]*\n(?:[ \t]*\n)*[\w-]+:(?:.*\n)*?(?:---|\.\.\.)[ \t]*(?:\n|\Z)"
)


def _neighbourhoods(text: str) -> Iterator[_Neighbourhood]:
    lines = text.split("\n")
    front = _FRONT_MATTER.match(text[:10_000])
    position, fence = 0, ""
    for index, line in enumerate(lines):
        start = position
        position += len(line) + 1
        if front and start < front.end():
            continue
        if mark := _FENCE.match(line):
            fence = "" if fence == mark.group(1) else fence or mark.group(1)
            continue
        if fence or len(line) > _LONGEST_LINE or not line.strip():
            continue
        before = lines[index - 1] if index and not (front and start == front.end()) else ""
        after = lines[index + 1] if index + 1 < len(lines) else ""
        yield _Neighbourhood(before, line, after, start)


_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t\u3000]+(.*?))?(?:[ \t]+#+)?[ \t]*\Z")
_UNDERLINE = re.compile(r" {0,3}(=+|-{2,})[ \t]*\Z")
_NOT_A_TITLE = re.compile(r"[ \t]*(?:[|>]|[-*+][ \t]|\d+[.)][ \t]|={2,}\s*\Z|-{2,}\s*\Z| {4}|\t)")
_TITLE_LENGTH = 120
_EMPHASIS = re.compile(r"\*\*|__|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)")


def _markdown_heading(place: _Neighbourhood) -> tuple[int, str] | None:
    if atx := _ATX.match(place.line):
        return len(atx.group(1)), _plain(atx.group(2) or "")
    underline = _UNDERLINE.match(place.after)
    stands_alone = not place.before.strip() and not _NOT_A_TITLE.match(place.line)
    if underline and stands_alone and len(place.line) <= _TITLE_LENGTH:
        return (1 if underline.group(1)[0] == "=" else 2), _plain(place.line)
    return None


_NUMERAL = "[一二三四五六七八九十百零〇两\\d０-９]{1,5}"
_NUMBERED = (
    (1, re.compile(rf"第{_NUMERAL}[章编篇](?:\s|[：:　]|\Z|(?=\S{{1,20}}\Z))")),
    (2, re.compile(rf"第{_NUMERAL}节(?:\s|[：:　]|\Z|(?=\S{{1,20}}\Z))")),
    (3, re.compile(r"[一二三四五六七八九十]{1,3}[、．]")),
    (4, re.compile(r"[（(][一二三四五六七八九十]{1,3}[）)]")),
)
_BOLD_RANK = 5
_NUMBERED_LENGTH = 40
_BOLD = re.compile(r"(\*\*|__)(?=\S)(.+)(?<=\S)\1\Z")
_SENTENCE_MARK = re.compile(r"[。；;，,！!]\Z|。.")


def _ranked_heading(place: _Neighbourhood) -> tuple[int, str] | None:
    """A numbered or bold line as (how far below the Markdown heading before it, title)."""
    line = place.line.strip()
    title = _plain(line)
    for rank, pattern in _NUMBERED:
        if pattern.match(title):
            fits = len(title) <= _NUMBERED_LENGTH and not _SENTENCE_MARK.search(title)
            return (rank, title) if fits else None
    stands_alone = not place.before.strip() and not place.after.strip()
    bold = stands_alone and len(line) <= _TITLE_LENGTH and _BOLD.match(line)
    if bold and _is_one_bold_run(line, bold.group(1)):
        return _BOLD_RANK, title
    return None


def _is_one_bold_run(line: str, mark: str) -> bool:
    """False for `**a** text **b**`: only marks may stand between the bold parts."""
    outside = line.split(mark)[::2]
    return not "".join(outside).strip()


def _may_be_title(place: _Neighbourhood) -> bool:
    line = place.line.strip()
    alone = not place.after.strip()
    return alone and len(line) <= 60 and not re.search(r"[。.！!？?；;，,：:|]\Z", line)


def _plain(title: str) -> str:
    """The title without Markdown's emphasis marks."""
    return _EMPHASIS.sub("", title).strip()
