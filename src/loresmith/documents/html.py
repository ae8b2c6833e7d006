"""Web pages, as Markdown without what surrounds their text."""

from __future__ import annotations

import re
from typing import ClassVar, Literal

from loresmith.documents.base import Parser, Reading
from loresmith.documents.encoding import Decoded, decode
from loresmith.documents.markup import html_to_markdown


class HtmlParser(Parser):
    """Reads HTML files: headings, paragraphs, lists and tables, without menus and scripts."""

    media_type: ClassVar[str] = "text/html"
    suffixes: ClassVar[tuple[str, ...]] = (".html", ".htm", ".xhtml")

    type: Literal["html"] = "html"

    def read(self, data: bytes, *, name: str) -> Reading:
        decoded = decoded_html(data, name)
        markup = html_to_markdown(decoded.text)
        return Reading(markup.text, markup.title, decoded.warnings + markup.warnings)


def decoded_html(data: bytes, name: str) -> Decoded:
    """The text of a page, in the encoding that it names for itself if that can be."""
    return decode(data, name=name, declared=_charset(_CHARSET.search(data[:4096])))


_CHARSET = re.compile(rb"<(?:meta|\?xml)[^>]+(?:charset|encoding)\s*=\s*[\"']?\s*([\w-]+)", re.I)


def _charset(declared: re.Match[bytes] | None) -> str | None:
    """The declared encoding; GB2312 and GBK are read as GB18030, which contains them."""
    if declared is None:
        return None
    encoding = declared.group(1).decode("ascii").upper()
    return "GB18030" if encoding in ("GB2312", "GBK") else encoding
