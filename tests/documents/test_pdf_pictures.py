"""Pages without text are found, drawn within limits, and take their place in the text once read."""

from __future__ import annotations

import base64

import pytest

from loresmith.documents import PdfParser
from loresmith.documents.base import SeenPage
from loresmith.documents.pdf_pictures import page_picture, silent_pages
from loresmith.errors import DocumentError, NoTextLayerError
from scanned import bars_on, scanned_pdf

MIXED = scanned_pdf("The first page goes on", None, "with the third page.", None)


def test_pages_without_text_are_counted_by_page() -> None:
    assert silent_pages(MIXED, name="a.pdf") == (2, 4)
    document = PdfParser().parse_bytes(MIXED, name="a.pdf")
    assert document.unread_pages == (2, 4)
    assert "pages 2, 4: no text layer, so nothing was read (scanned?)" in document.warnings


def test_a_wholly_scanned_document_says_how_many_pages_and_what_can_be_done() -> None:
    with pytest.raises(NoTextLayerError, match="any of its 3 pages") as refusal:
        PdfParser().parse_bytes(scanned_pdf(None, None, None), name="a.pdf")
    assert refusal.value.pages == (1, 2, 3) and "documents.vision" in refusal.value.hint


@pytest.mark.parametrize("max_pixels", [10_000, 300_000, 20_000_000])
def test_a_page_is_drawn_as_it_looks_and_no_larger_than_allowed(max_pixels: int) -> None:
    for number in (2, 4):
        drawn = page_picture(MIXED, number, name="a.pdf", max_pixels=max_pixels)
        assert bars_on(base64.b64decode(drawn.png)) == number
        assert 0.8 * min(max_pixels, 3_800_000) < drawn.width * drawn.height <= max_pixels


def test_what_is_no_pdf_is_refused_alike() -> None:
    for ask in (
        lambda: silent_pages(b"%PDF-1.7 nothing", name="a.pdf"),
        lambda: page_picture(b"%PDF-1.7 nothing", 1, name="a.pdf", max_pixels=10_000),
    ):
        with pytest.raises(DocumentError, match="not a whole PDF"):
            ask()


def test_what_a_model_read_stands_between_the_pages_and_is_marked_as_its() -> None:
    seen = (
        SeenPage(number=2, text="## Table\n\n| a | 61 |", model="eye"),
        SeenPage(number=4, text="  ", model="eye"),
        SeenPage(number=3, text="what the model made of a page that has a text", model="eye"),
    )
    document = PdfParser(seen=seen).parse_bytes(MIXED, name="a.pdf")
    assert document.text == (
        "The first page goes on\n\n## Table\n\n| a | 61 |\n\nwith the third page.\n"
    )
    assert [(one.label, one.read_by) for one in document.sections] == [
        ("1", ""),
        ("2", "eye"),
        ("3", ""),
    ]
    for section, words in zip(document.sections, ("The first", "## Table", "with"), strict=True):
        assert document.text[section.start :].startswith(words)
    assert document.unread_pages == (4,)
    assert "page 2: no text layer, so the text was read from a picture by eye" in document.warnings


def test_a_scanned_document_is_what_the_model_read() -> None:
    seen = tuple(SeenPage(number=n, text=f"Page {n} says {n}0.", model="eye") for n in (1, 2))
    document = PdfParser(seen=seen).parse_bytes(scanned_pdf(None, None), name="a.pdf")
    assert document.text == "Page 1 says 10.\n\nPage 2 says 20.\n"
    assert [one.read_by for one in document.sections] == ["eye", "eye"]
