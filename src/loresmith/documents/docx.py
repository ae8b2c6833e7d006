"""Word files, as Markdown: headings, lists and tables kept, formulas written in a line."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import ClassVar, Literal
from xml.etree import ElementTree
from xml.parsers.expat import ExpatError

from pydantic import Field

from loresmith.documents.base import Parser, Reading
from loresmith.documents.formulas import MATHEMATICS, formulas_in_line
from loresmith.documents.markup import html_to_markdown
from loresmith.errors import DocumentError


class DocxParser(Parser):
    """Reads .docx files; images are not opened and links not followed."""

    media_type: ClassVar[str] = (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    )
    suffixes: ClassVar[tuple[str, ...]] = (".docx",)

    type: Literal["docx"] = "docx"
    max_expanded_bytes: int = Field(default=200_000_000, gt=0)
    """Largest size of the file's text parts once unpacked, in bytes: guards against zip bombs."""

    def read(self, data: bytes, *, name: str) -> Reading:
        if data.startswith(_OLD_OFFICE):
            raise DocumentError(
                f"{name} is an old .doc or a password-protected Word file",
                hint="Open it in Word or LibreOffice and save it as .docx without a password.",
            )
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                self._check(archive, name=name)
                title = _own_title(archive)
                plain = _with_formulas_in_line(archive, data)
            markup = html_to_markdown(_html(plain))
        except _BROKEN as error:
            raise DocumentError(
                f"{name} is not a whole Word file: {_reason(error)}",
                hint="It may be cut short or damaged. Save or copy it anew.",
            ) from None
        return Reading(markup.text, title, markup.warnings)

    def _check(self, archive: zipfile.ZipFile, *, name: str) -> None:
        if _BODY not in archive.namelist():
            raise DocumentError(
                f"{name} is a zip archive, but not a Word file (it holds no {_BODY})",
                hint="Save it as .docx.",
            )
        expanded = sum(part.file_size for part in archive.infolist() if _is_read(part.filename))
        if expanded > self.max_expanded_bytes:
            raise DocumentError(
                f"{name} would unpack to {expanded:,} bytes of text parts, and the limit is"
                f" {self.max_expanded_bytes:,}",
                hint="If you trust the file, raise the docx parser's max_expanded_bytes.",
            )


_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_BODY = "word/document.xml"
_CORE = "docProps/core.xml"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name='标题'] => h1:fresh
p[style-name='标题 1'] => h1:fresh
p[style-name='标题 2'] => h2:fresh
p[style-name='标题 3'] => h3:fresh
p[style-name='标题 4'] => h4:fresh
"""
_BROKEN = (  # what zipfile, expat and mammoth raise on damaged files
    zipfile.BadZipFile,
    zlib.error,
    ElementTree.ParseError,
    ExpatError,
    EOFError,
    OSError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    RuntimeError,
)


def _reason(error: BaseException) -> str:
    if isinstance(error, LookupError):
        return "a part of it is missing"
    return str(error).strip().rstrip(".") or type(error).__name__


def _is_read(part: str) -> bool:
    return not part.startswith(("word/media/", "word/embeddings/", "word/fonts/"))


def _own_title(archive: zipfile.ZipFile) -> str:
    if _CORE not in archive.namelist():
        return ""
    return ElementTree.fromstring(archive.read(_CORE)).findtext(_TITLE) or ""


def _with_formulas_in_line(archive: zipfile.ZipFile, data: bytes) -> bytes:
    """The file with its formulas as plain text, which mammoth would leave out; else unchanged."""
    body = archive.read(_BODY)
    if MATHEMATICS.encode() not in body:
        return data
    rewritten = io.BytesIO()
    with zipfile.ZipFile(rewritten, "w") as copy:
        for part in archive.infolist():
            if _is_read(part.filename):
                content = formulas_in_line(body) if part.filename == _BODY else archive.read(part)
                copy.writestr(part.filename, content)
    return rewritten.getvalue()


def _html(data: bytes) -> str:
    import mammoth  # type: ignore[import-untyped]  # ships no types

    described = mammoth.images.img_element(lambda _: {})
    result = mammoth.convert_to_html(io.BytesIO(data), style_map=_STYLES, convert_image=described)
    return str(result.value)
