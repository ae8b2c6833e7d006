"""EPUB books: the chapters in the order of their spine, as Markdown."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, ClassVar, Literal
from urllib.parse import unquote

from loresmith.documents.base import Reading
from loresmith.documents.html import decoded_html
from loresmith.documents.markup import html_to_markdown
from loresmith.documents.zipped import Parts, ZippedParser, resolved
from loresmith.errors import DocumentError
from loresmith.records import Section

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


class EpubParser(ZippedParser):
    """Reads .epub files that no seller has locked; the table of contents is not repeated."""

    media_type: ClassVar[str] = "application/epub+zip"
    suffixes: ClassVar[tuple[str, ...]] = (".epub",)
    own_title_first: ClassVar[bool] = True

    type: Literal["epub"] = "epub"

    def read(self, data: bytes, *, name: str) -> Reading:
        with self.opened(data, name=name, body=_CONTAINER) as parts:
            place = _package(parts)
            package = parts.xml(place)
            chapters = _chapters(package, posixpath.dirname(place))
            _refuse_locked(parts, chapters, name=name)
            text, sections, missing = "", [], 0
            warnings: list[str] = []
            for number, chapter in enumerate(chapters, 1):
                if chapter not in parts.names:
                    missing += 1
                    continue
                page = _EMPTY_TAG.sub(r"<\1\2></\1>", decoded_html(parts.read(chapter), name).text)
                markup = html_to_markdown(page)
                warnings += [one for one in markup.warnings if one not in warnings]
                if markup.text.strip():
                    sections.append(Section(kind="chapter", label=str(number), start=len(text)))
                    text += markup.text.strip() + "\n\n"
            if missing:
                files = "1 chapter is" if missing == 1 else f"{missing} chapters are"
                warnings.append(f"{files} missing in the file")
            title = package.findtext(f".//{_DC}title") or ""
        return Reading(text, title, tuple(warnings), tuple(sections))


_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_DC = "{http://purl.org/dc/elements/1.1/}"
_OPF = "{http://www.idpf.org/2007/opf}"
_EMPTY_TAG = re.compile(r"<(title|script|style|textarea|iframe)\b([^<>]*)/>", re.IGNORECASE)
"""XHTML may close at once what in HTML runs to an end tag of its own."""
_MARKUP = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml")


def _package(parts: Parts) -> str:
    """Where the book's list of files is (EPUB 3.3, section 4.2.6.3.1)."""
    for element in parts.xml(_CONTAINER).iter():
        if element.tag.endswith("}rootfile"):
            return resolved("", unquote(element.get("full-path", "")))
    raise KeyError(_CONTAINER)


def _chapters(package: Element, folder: str) -> list[str]:
    """The parts with text, in reading order, without the table of contents."""
    files = {}
    for item in package.iterfind(f"{_OPF}manifest/{_OPF}item"):
        is_text = item.get("media-type") in _MARKUP
        if is_text and "nav" not in item.get("properties", "").split():
            files[item.get("id")] = resolved(folder, unquote(item.get("href", "")))
    spine = package.iterfind(f"{_OPF}spine/{_OPF}itemref")
    return [files[one.get("idref")] for one in spine if one.get("idref") in files]


def _refuse_locked(parts: Parts, chapters: list[str], *, name: str) -> None:
    """Raises DocumentError where chapters are encrypted; fonts often are, and do not matter."""
    if _ENCRYPTION not in parts.names:
        return
    locked = {
        resolved("", unquote(one.get("URI", "")))
        for one in parts.xml(_ENCRYPTION).iter()
        if one.tag.endswith("}CipherReference")
    }
    if locked & set(chapters):
        raise DocumentError(
            f"{name} is locked by its seller's copy protection (DRM)",
            hint="Ask the publisher for a copy without it.",
        )
