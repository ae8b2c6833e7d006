"""Books: chapters in the order of the spine, without the table of contents."""

from __future__ import annotations

import io
import zipfile

import pytest

from loresmith.documents import EpubParser
from loresmith.errors import DocumentError
from loresmith.records import Document

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
)
PACKAGE = """<package xmlns="http://www.idpf.org/2007/opf">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>灯塔志</dc:title></metadata>
<manifest>
<item id="b" href="text/b%20two.xhtml" media-type="application/xhtml+xml"/>
<item id="a" href="text/a.xhtml" media-type="application/xhtml+xml"/>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="gone" href="gone.xhtml" media-type="application/xhtml+xml"/>
<item id="out" href="../../etc/passwd" media-type="application/xhtml+xml"/>
<item id="pic" href="p.png" media-type="image/png"/>
</manifest>
<spine><itemref idref="nav"/><itemref idref="a"/><itemref idref="b"/>{more}</spine></package>"""
CHAPTER = (
    '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html>'
    '<html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head>'
    '<body><h1>{title}</h1><p><a id="x"/>{text}</p></body></html>'
)


def book(more: str = "", **parts: str) -> bytes:
    file = io.BytesIO()
    content = {
        "META-INF/container.xml": CONTAINER,
        "OEBPS/book.opf": PACKAGE.replace("{more}", more),
        "OEBPS/text/a.xhtml": CHAPTER.format(title="第一章", text="灯塔建于1911年。"),
        "OEBPS/text/b two.xhtml": CHAPTER.format(title="第二章", text="灯塔高<b>31</b>米。"),
        "OEBPS/nav.xhtml": CHAPTER.format(title="目录", text="第一章"),
        **{name.replace("__", "/"): text for name, text in parts.items()},
    }
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        for name, text in content.items():
            archive.writestr(name, text)
    return file.getvalue()


def parse(data: bytes) -> Document:
    return EpubParser().parse_bytes(data, name="book.epub")


def test_chapters_follow_the_spine_and_the_title_is_the_book_s():
    document = parse(book())
    assert document.text == "# 第一章\n\n灯塔建于1911年。\n\n# 第二章\n\n灯塔高**31**米。\n\n"
    assert document.title == "灯塔志"
    assert [(one.kind, one.label, one.start) for one in document.sections] == [
        ("chapter", "1", 0),
        ("chapter", "2", document.text.index("# 第二章")),
    ]


def test_a_chapter_that_is_missing_or_leads_outside_is_counted():
    document = parse(book('<itemref idref="gone"/><itemref idref="out"/>'))
    assert document.warnings == ("2 chapters are missing in the file",)
    assert "root:" not in document.text


def test_a_book_that_its_seller_locked_is_refused():
    locked = (
        '<encryption xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData>'
        '<enc:CipherData><enc:CipherReference URI="OEBPS/text/a.xhtml"/></enc:CipherData>'
        "</enc:EncryptedData></encryption>"
    )
    data = book()
    with pytest.raises(DocumentError, match="locked by its seller's copy protection"):
        parse(book(**{"META-INF__encryption.xml": locked}))
    fonts = locked.replace("OEBPS/text/a.xhtml", "OEBPS/font.otf")
    assert parse(book(**{"META-INF__encryption.xml": fonts})).text == parse(data).text


def test_a_book_without_chapters_and_one_without_a_package_are_refused():
    with pytest.raises(DocumentError, match="holds no text"):
        parse(book(**{"OEBPS__book.opf": '<package xmlns="http://www.idpf.org/2007/opf"/>'}))
    with pytest.raises(DocumentError, match=r"not a whole \.epub file"):
        parse(book(**{"META-INF__container.xml": CONTAINER.replace("book.opf", "none.opf")}))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_book_cut_short_is_refused(share: float):
    data = book()
    with pytest.raises(DocumentError, match=r"not a whole \.epub file"):
        parse(data[: int(len(data) * share)])
