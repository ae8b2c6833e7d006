"""PDF files, as Markdown: paragraphs mended, running heads and page numbers left out."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from loresmith.documents.base import Parser, Reading, SeenPage
from loresmith.documents.pdf_layout import Page, markdown_of_pages
from loresmith.documents.pdf_lines import lines_of_characters
from loresmith.errors import DocumentError, NoTextLayerError
from loresmith.records import Section

if TYPE_CHECKING:
    import pypdfium2


class PdfParser(Parser):
    """Reads the text layer of PDF files; it does not recognise text in pictures (no OCR)."""

    media_type: ClassVar[str] = "application/pdf"
    suffixes: ClassVar[tuple[str, ...]] = (".pdf",)

    type: Literal["pdf"] = "pdf"
    seen: tuple[SeenPage, ...] = ()
    """Texts of pages that have none of their own."""

    def read(self, data: bytes, *, name: str) -> Reading:
        with PDFIUM, opened_pdf(data, name=name) as document:
            title = document.get_metadata_value("Title")
            pages, unreadable = _pages(document)
        seen = {page.number: page for page in self.seen if page.text.strip()}
        as_seen = [page._replace(seen=seen.get(page.number)) for page in pages]
        return _reading(as_seen, unreadable, title, name=name)


PDFIUM = threading.Lock()
"""PDFium may be used by one thread at a time only."""


def opened_pdf(data: bytes, *, name: str) -> pypdfium2.PdfDocument:
    """The file as PDFium has it, to be closed with `with`. Raises DocumentError."""
    import pypdfium2

    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        raise _refusal(name, error) from None


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
    silent = [page.number for page in pages if not (page.lines or page.seen)]
    if not pages:
        raise _not_whole(name)
    if len(silent) == len(pages):
        raise _scanned(silent, name=name)
    layout = markdown_of_pages(pages)
    warnings = list(_as_seen(pages))
    if silent:
        warnings.append(f"{_listed(silent)}: no text layer, so nothing was read (scanned?)")
    if unreadable:
        warnings.append(f"{_listed(unreadable)}: damaged, so nothing was read")
    if layout.removed:
        warnings.append(f"left out {layout.removed} lines of running heads, feet and page numbers")
    readers = {page.number: page.seen.model for page in pages if page.seen and not page.lines}
    sections = tuple(
        Section(kind="page", label=str(number), start=start, read_by=readers.get(number, ""))
        for number, start in layout.pages
    )
    return Reading(layout.text, title, tuple(warnings), sections, tuple(silent))


def _as_seen(pages: list[Page]) -> Iterator[str]:
    """Which pages a model read, as it is not the document's own text."""
    by_model: dict[str, list[int]] = {}
    for page in pages:
        if page.seen and not page.lines:
            by_model.setdefault(page.seen.model, []).append(page.number)
    for model, numbers in by_model.items():
        yield f"{_listed(numbers)}: no text layer, so the text was read from a picture by {model}"


def _scanned(silent: list[int], *, name: str) -> NoTextLayerError:
    return NoTextLayerError(
        f"{name} has no text layer on any of its {len(silent)} pages: it seems to be scanned",
        hint="Name a model that sees pictures (documents.vision), or run it through an OCR program"
        " that adds a text layer, such as ocrmypdf.",
        pages=silent,
    )


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
