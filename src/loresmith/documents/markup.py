"""Turns HTML (a page, or what a Word file becomes) into Markdown that reads like the author's text.

Uses BeautifulSoup and markdownify themselves: importing markitdown costs 0.8 s more (it loads
pandas and onnxruntime for formats and guesses that are not needed here) and hides their settings.
"""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag


class Markup(NamedTuple):
    """The readable text of some HTML."""

    text: str
    """Markdown with headings and tables; no links, images or scripts."""
    title: str
    """What `<title>` says, or ""."""
    warnings: tuple[str, ...] = ()


def html_to_markdown(html: str) -> Markup:
    """Headings, paragraphs, lists and tables of `html`; menus, scripts and hidden parts left out.

    Links are reduced to their words and images to their description. A cell that spans rows or
    columns is repeated in each, so that every row of a table can be read alone.
    """
    from bs4 import BeautifulSoup, MarkupResemblesLocatorWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MarkupResemblesLocatorWarning)
        soup = BeautifulSoup(html, "html.parser")
    title = soup.title.get_text() if soup.title else ""
    try:
        _drop_noise(soup)
        _join_wrapped_lines(soup)
        for table in soup.find_all("table"):
            _unfold_spans(table)
        text = _markdown(soup)
    except RecursionError:
        fallen_back = "the page is nested too deeply: its headings and tables became plain text"
        return Markup(soup.get_text("\n", strip=True), title, (fallen_back,))
    return Markup(_BLANK_LINES.sub("\n\n", text).strip() + "\n", title)


_BLANK_LINES = re.compile(r"\n[ \t]*\n(?:[ \t]*\n)+")
_NOISE = (
    "script, style, noscript, template, nav, [role=navigation], svg, canvas, iframe, object,"
    " button, input, select, textarea, head, [hidden], [aria-hidden=true],"
    " body > footer, body > div > footer"
)
_INVISIBLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def _drop_noise(soup: BeautifulSoup) -> None:
    from bs4.element import Declaration, ProcessingInstruction

    for instruction in soup.find_all(string=True):
        if isinstance(instruction, (Declaration, ProcessingInstruction)):
            instruction.extract()
    for element in soup.select(_NOISE):
        element.decompose()
    for element in soup.find_all(style=_INVISIBLE):
        element.decompose()
    for image in soup.find_all("img"):
        image.replace_with(str(image.get("alt") or ""))
    for link in soup.find_all("a"):
        link.unwrap()
    soup.smooth()


_CJK = r"[\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef]"
_CJK_BREAK = re.compile(rf"(?<={_CJK})[ \t]*\r?\n\s*(?={_CJK})")
_SPACE = re.compile(r"[ \t\r\n\f]+")


def _join_wrapped_lines(soup: BeautifulSoup) -> None:
    """A line end in the source of a page is a space, and between Chinese characters nothing."""
    from bs4.element import NavigableString

    for string in soup.find_all(string=_SPACE):
        if type(string) is NavigableString and string.find_parent(["pre", "code"]) is None:
            string.replace_with(_SPACE.sub(" ", _CJK_BREAK.sub("", str(string))))


_MOST_SPANNED = 100


def _unfold_spans(table: Tag) -> None:
    """Repeats each spanning cell in the rows and columns that it covers; escapes pipes in cells."""
    from copy import copy

    covered: dict[tuple[int, int], Tag] = {}
    for index, row in enumerate(table.find_all("tr")):
        own = [cell for cell in row.find_all(["td", "th"]) if cell.find_parent("tr") is row]
        if row.find_parent("table") is not table:
            continue
        cells: list[Tag] = []
        while own or (index, len(cells)) in covered:
            place = (index, len(cells))
            if place not in covered:
                _cover(covered, place, own.pop(0))
            cell = copy(covered.pop(place))
            for attribute in ("rowspan", "colspan"):
                cell.attrs.pop(attribute, None)
            cells.append(cell)
        row.clear()
        row.extend(cells)


def _cover(covered: dict[tuple[int, int], Tag], place: tuple[int, int], cell: Tag) -> None:
    for text in cell.find_all(string=re.compile(r"\|")):
        text.replace_with(str(text).replace("|", "\\|"))
    for down in range(_span(cell, "rowspan")):
        for right in range(_span(cell, "colspan")):
            covered.setdefault((place[0] + down, place[1] + right), cell)


def _span(cell: Tag, attribute: str) -> int:
    value = str(cell.get(attribute, "1"))
    return min(int(value), _MOST_SPANNED) if value.isdigit() and int(value) > 0 else 1


def _markdown(soup: BeautifulSoup) -> str:
    from markdownify import ATX, MarkdownConverter

    converter = MarkdownConverter(
        heading_style=ATX,
        bullets="-",
        escape_asterisks=False,
        escape_underscores=False,
        table_infer_header=True,
        keep_inline_images_in=[],
    )
    return str(converter.convert_soup(soup))
