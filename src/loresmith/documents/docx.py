"""Word files, as Markdown: headings, lists and tables kept, formulas written in a line."""

from __future__ import annotations

import io
import zipfile
from typing import ClassVar, Literal

from loresmith.documents.base import Reading
from loresmith.documents.formulas import MATHEMATICS, formulas_in_line
from loresmith.documents.markup import html_to_markdown
from loresmith.documents.zipped import ZippedParser


class DocxParser(ZippedParser):
    """Reads .docx files; images are not opened and links not followed."""

    media_type: ClassVar[str] = (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    )
    suffixes: ClassVar[tuple[str, ...]] = (".docx",)

    type: Literal["docx"] = "docx"

    def read(self, data: bytes, *, name: str) -> Reading:
        with self.opened(data, name=name, body=_BODY) as parts:
            title = parts.own_title()
            markup = html_to_markdown(_html(_with_formulas_in_line(parts.archive, data)))
            return Reading(markup.text, title, markup.warnings)


_BODY = "word/document.xml"
_STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name='标题'] => h1:fresh
p[style-name='标题 1'] => h1:fresh
p[style-name='标题 2'] => h2:fresh
p[style-name='标题 3'] => h3:fresh
p[style-name='标题 4'] => h4:fresh
"""


def _is_read(part: str) -> bool:
    return not part.startswith(("word/media/", "word/embeddings/", "word/fonts/"))


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
