"""Makes Markdown of the lines on PDF pages: paragraphs, headings by size, tables by gaps."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from loresmith.documents.base import SeenPage


class Line(NamedTuple):
    """One line of a page. Lengths are in points, from the lower left corner of the page."""

    cells: tuple[str, ...]
    """The text, split at wide gaps; one cell for an ordinary line."""
    size: float
    """The font size."""
    left: float
    right: float
    base: float
    """The height on which the letters stand."""
    top: float

    @property
    def text(self) -> str:
        return " ".join(cell for cell in self.cells if cell)


class Page(NamedTuple):
    """A page with its lines in reading order."""

    number: int
    height: float
    lines: Sequence[Line]
    seen: SeenPage | None = None
    """The text that a model read from a picture of it; counts where there are no lines."""


class Layout(NamedTuple):
    """The text of all pages."""

    text: str
    removed: int
    """How many lines were running heads, running feet or page numbers."""
    pages: tuple[tuple[int, int], ...]
    """The number of each page that has text, and where in the text that begins."""


def markdown_of_pages(pages: Sequence[Page]) -> Layout:
    """The text in reading order, with mended paragraphs, headings (`#`) and tables.

    A heading is a short line set at least 1.15 times as large as most of the text; a table is two
    or more rows of at least two cells. What repeats at the edges of the pages is left out.
    """
    furniture = _repeated_lines(pages)
    kept, removed = [], 0
    for page in pages:
        inner, outer = _without_furniture(page, furniture)
        removed += outer
        kept.append(inner)
    lines = [line for page in kept for line in page]
    style = _style(lines)
    text, places = "", []
    for group in _between_seen(pages, kept):
        written = _written(group, style)
        places += [(number, len(text) + start) for number, start in written.pages]
        text += written.text
    return Layout(text.removesuffix("\n"), removed, tuple(places))


class _Kept(NamedTuple):
    """A page, and the lines of it that are told."""

    page: Page
    lines: Sequence[Line]


def _between_seen(pages: Sequence[Page], kept: Sequence[Sequence[Line]]) -> Iterator[list[_Kept]]:
    """Pages with lines together, and each page that a model read by itself: no paragraph of the
    document's own runs into what is not."""
    together: list[_Kept] = []
    for page, lines in zip(pages, kept, strict=True):
        if page.seen is None or page.lines:
            together.append(_Kept(page, lines))
            continue
        yield together
        yield [_Kept(page, lines)]
        together = []
    yield together


class _Written(NamedTuple):
    """The text of some pages, each block with an empty line after it."""

    text: str
    pages: Sequence[tuple[int, int]]


def _written(group: Sequence[_Kept], style: _Style) -> _Written:
    first = group[0].page if group else None
    if first is not None and first.seen is not None and not first.lines:
        return _Written(first.seen.text.strip() + "\n\n", [(first.number, 0)])
    blocks: list[list[Line]] = []
    begins: dict[_Begin, int] = {}
    for page, page_lines in group:
        if page_lines:
            before = _Begin(len(blocks) - 1, len(blocks[-1]) if blocks else 0)
            _add_blocks(blocks, page_lines, style, continues=bool(blocks))
            goes_on = before.line > 0 and len(blocks[before.block]) > before.line
            begins[before if goes_on else _Begin(before.block + 1, 0)] = page.number
    text: str = ""
    places: list[tuple[int, int]] = []
    for index, block in enumerate(blocks):
        places += [
            (number, len(text) + _position(block, begin.line, style))
            for begin, number in begins.items()
            if begin.block == index
        ]
        text += _markdown(block, style) + "\n\n"
    return _Written(text, sorted(places))


class _Begin(NamedTuple):
    """Where a page begins: at a line of a block."""

    block: int
    line: int


def _position(block: Sequence[Line], line: int, style: _Style) -> int:
    """Where in the text of a block one of its lines begins."""
    if not line:
        return 0
    whole, before = _markdown(block, style), _markdown(block[:line], style)
    joined = len(before) if whole.startswith(before) else len(before) - 1  # a mended hyphen
    return joined + (whole[joined : joined + 1] in (" ", "\n"))


_EDGE_LINES = 2
_PAGE_NUMBER = re.compile(
    r"[-–—·\s]*(?:page\s*)?\d{1,4}(?:\s*(?:/|of)\s*\d{1,4})?[-–—·\s]*\Z"
    r"|第\s*\d{1,4}\s*页(?:[\s,，/]*共\s*\d{1,4}\s*页)?\Z",
    re.IGNORECASE,
)


class _Place(NamedTuple):
    """What a running line says, and where; the number of its page is written as `#`."""

    text: str
    height: int


def _place(line: Line, page: Page) -> _Place:
    return _Place(re.sub(rf"(?<!\d){page.number}(?!\d)", "#", line.text), round(line.base / 3))


def _edges(page: Page) -> list[Line]:
    """The uppermost and lowest lines, as far as they lie in the outer tenths of the page."""
    by_height = sorted(page.lines, key=lambda line: line.base, reverse=True)
    upper = [line for line in by_height[:_EDGE_LINES] if line.base > page.height * 0.9]
    lower = [line for line in by_height[-_EDGE_LINES:] if line.top < page.height * 0.1]
    return [*upper, *(line for line in lower if line not in upper)]


def _repeated_lines(pages: Sequence[Page]) -> frozenset[_Place]:
    """Edge lines that stand, the page's number apart, on at least two and on half of the pages."""
    counts = Counter(place for page in pages for place in {_place(x, page) for x in _edges(page)})
    enough = max(2, (len(pages) + 1) // 2)
    return frozenset(place for place, count in counts.items() if count >= enough)


def _without_furniture(page: Page, repeated: frozenset[_Place]) -> tuple[list[Line], int]:
    edges = [
        line
        for line in _edges(page)
        if _PAGE_NUMBER.match(line.text) or _place(line, page) in repeated
    ]
    return [line for line in page.lines if line not in edges], len(edges)


class _Style(NamedTuple):
    body_size: float
    heading_sizes: tuple[float, ...]
    """Largest first."""
    gap: float
    """The usual distance from one line of a paragraph to the next, in points."""
    right: float
    """Where a full line ends."""

    def level(self, line: Line) -> int:
        """The level of a heading, or 0 for other lines."""
        if line.size not in self.heading_sizes or len(line.text) > 150 or len(line.cells) > 1:
            return 0
        return min(self.heading_sizes.index(line.size) + 1, 6)


def _style(lines: Sequence[Line]) -> _Style:
    weights: Counter[float] = Counter()
    for line in lines:
        weights[line.size] += len(line.text)
    body = weights.most_common(1)[0][0] if weights else 1.0
    larger = sorted((size for size in weights if size >= 1.15 * body), reverse=True)
    text = [line for line in lines if line.size == body]
    gaps = [
        round(_gap(upper, lower), 1)
        for upper, lower in pairwise(text)
        if 0 < _gap(upper, lower) < 3 * body
    ]
    ends = sorted(line.right for line in text) or [0.0]
    usual = Counter(sorted(gaps)).most_common(1)
    return _Style(
        body, tuple(larger), usual[0][0] if usual else 1.2 * body, ends[int(0.9 * (len(ends) - 1))]
    )


def _add_blocks(
    blocks: list[list[Line]], lines: Sequence[Line], style: _Style, *, continues: bool
) -> None:
    """Appends the lines of a page to `blocks`, the first maybe to the last paragraph before."""
    for index, line in enumerate(lines):
        if index == 0:
            joins = continues and bool(blocks) and _runs_over(blocks[-1][-1], line, style)
        else:
            joins = _joins(lines[index - 1], line, style)
        if joins:
            blocks[-1].append(line)
        else:
            blocks.append([line])


_ENDED = re.compile(r"[.!?:。！？：;；…][\"'”’」）)]*\Z")
_ITEM = re.compile(
    r"(?:[•·▪●○◦*–-]|\(?\d{1,3}[.)、]|[（(][一二三四五六七八九十]+[）)]|[一二三四五六七八九十]+、)\s*\S"
)


def _joins(line: Line, following: Line, style: _Style) -> bool:
    """Whether `following` goes on in the paragraph (heading, table) of `line` on the same page."""
    if len(line.cells) > 1 or len(following.cells) > 1:
        return len(line.cells) == len(following.cells) and _gap(line, following) < 4 * line.size
    if abs(line.size - following.size) > 0.5 or _gap(line, following) > 1.35 * _usual(line, style):
        return False
    if following.base >= line.top:
        return _runs_over(line, following, style)
    if _ITEM.match(following.text):
        return False
    indented = following.left - line.left > 0.8 * line.size
    if indented and not _ITEM.match(line.text):
        return False
    short = line.right < style.right - 0.2 * (style.right - line.left)
    return not (short and _ENDED.search(line.text))


def _usual(line: Line, style: _Style) -> float:
    return style.gap * max(line.size / style.body_size, 1.0)


def _gap(line: Line, following: Line) -> float:
    return line.base - following.base


def _runs_over(line: Line, following: Line, style: _Style) -> bool:
    """Whether a paragraph goes on at the top of the next column or page."""
    if len(line.cells) > 1 or len(following.cells) > 1:
        return len(line.cells) == len(following.cells)
    same_kind = line.size == following.size and not style.level(line)
    return same_kind and not _ENDED.search(line.text) and not _ITEM.match(following.text)


def _markdown(block: Sequence[Line], style: _Style) -> str:
    level = style.level(block[0])
    if len(block) > 1 and len(block[0].cells) > 1:
        return _table(block)
    mark = "#" * level + " " if level else ""
    return mark + _joined([line.text for line in block])


def _table(rows: Sequence[Line]) -> str:
    written = ["| " + " | ".join(c.replace("|", r"\|") for c in row.cells) + " |" for row in rows]
    return "\n".join([written[0], "|" + " --- |" * len(rows[0].cells), *written[1:]])


_CJK_END = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f]\Z")
_CJK_START = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f]")
_HYPHENATED = re.compile(r"[^\W\d_]{2,}[-\xad]\Z")


def _joined(lines: Sequence[str]) -> str:
    """One paragraph: no space between Chinese characters, words split at a line end mended."""
    text = ""
    for line in lines:
        if text.endswith("\xad") or (_HYPHENATED.search(text) and line[:1].islower()):
            text = text[:-1] + line
        elif not text or (_CJK_END.search(text) and _CJK_START.match(line)):
            text += line
        else:
            text += " " + line
    return text.replace("\xad", "-") if text.endswith("\xad") else text.replace("\xad", "")
