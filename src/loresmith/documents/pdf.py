"""PDF files, as Markdown: paragraphs mended, running heads and page numbers left out."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, ClassVar, Literal

from loresmith.documents.base import Parser, Reading
from loresmith.documents.pdf_layout import Page, markdown_of_pages
from loresmith.documents.pdf_lines import lines_of_characters
from loresmith.errors import DocumentError
from loresmith.records import Section

if TYPE_CHECKING:
    import pypdfium2


class PdfParser(Parser):
    """Reads the text layer of PDF files; it does not recognise text in pictures (no OCR)."""

    media_type: ClassVar[str] = "application/pdf"
    suffixes: ClassVar[tuple[str, ...]] = (".pdf",)

    type: Literal["pdf"] = "pdf"

    def read(self, data: bytes, *, name: str) -> Reading:
        import pypdfium2

        with _PDFIUM:
            try:
                document = pypdfium2.PdfDocument(data)
            except pypdfium2.PdfiumError as error:
                raise _refusal(name, error) from None
            with document:
                title = document.get_metadata_value("Title")
                pages, unreadable = _pages(document)
        return _reading(pages, unreadable, title, name=name)


_PDFIUM = threading.Lock()
"""PDFium may be used by one thread at a time only."""


def _pages(document: pypdfium2.PdfDocument) -> tuple[list[Page], list[int]]:
    """The pages with their lines, and the numbers of pages that PDFium cannot load."""
    import pypdfium2

    pages, unreadable = [], []
    for number in range(1, len(document) + 1):
        try:
            page = document[number - 1]
            lines = lines_of_characters(page.get_textpage())
            pages.append(Page(number, page.get_height(), lines))
        except pypdfium2.PdfiumError:
            unreadable.append(number)
    return pages, unreadable


def _reading(pages: list[Page], unreadable: list[int], title: str, *, name: str) -> Reading:
    silent = [page.number for page in pages if not page.lines]
    if not pages:
        raise _not_whole(name)
    if len(silent) == len(pages):
        raise DocumentError(
            f"{name} has no text layer on any of its pages: it seems to be scanned",
            hint="Run it through an OCR program that adds a text layer, such as ocrmypdf.",
        )
    layout = markdown_of_pages(pages)
    warnings = []
    if silent:
        warnings.append(f"{_listed(silent)}: no text layer, so nothing was read (scanned?)")
    if unreadable:
        warnings.append(f"{_listed(unreadable)}: damaged, so nothing was read")
    if layout.removed:
        warnings.append(f"left out {layout.removed} lines of running heads, feet and page numbers")
    sections = [Section(kind="page", label=str(n), start=start) for n, start in layout.pages]
    return Reading(layout.text, title, tuple(warnings), tuple(sections))


def _listed(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:20])) + (" and more" if len(numbers) > 20 else "")
    return f"page {shown}" if len(numbers) == 1 else f"pages {shown}"


def _refusal(name: str, error: pypdfium2.PdfiumError) -> DocumentError:
    import pypdfium2.raw

    if error.err_code in (pypdfium2.raw.FPDF_ERR_PASSWORD, pypdfium2.raw.FPDF_ERR_SECURITY):
        return DocumentError(
            f"{name} is protected by a password",
            hint="Save a copy without a password (for example: qpdf --decrypt) and use that.",
        )
    return _not_whole(name)


def _not_whole(name: str) -> DocumentError:
    return DocumentError(
        f"{name} is not a whole PDF: it may be cut short or damaged",
        hint="Open it in a PDF viewer; if that works, print or save it anew as PDF.",
    )
