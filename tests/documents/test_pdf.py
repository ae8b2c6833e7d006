"""PDF files: paragraphs put together again, page furniture left out, bad files refused."""

import io

import pypdfium2
import pytest
from reportlab.lib import pdfencrypt
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen import canvas

from loresmith.documents import PdfParser
from loresmith.errors import DocumentError
from loresmith.records import Document

WIDTH, HEIGHT = A4


class Sheet:
    """Writes a PDF line by line, from the top of each page down."""

    def __init__(self, **options: object) -> None:
        pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
        self._file = io.BytesIO()
        self._canvas = canvas.Canvas(self._file, pagesize=A4, **options)
        self._height = HEIGHT - 80

    def line(self, text: str, *, size: float = 11, left: float = 70, skip: float = 0) -> None:
        self._height -= 1.3 * size + skip
        self._put(text, left, self._height, size)

    def row(self, *cells: str) -> None:
        self._height -= 16
        for index, cell in enumerate(cells):
            self._put(cell, 70 + 150 * index, self._height, 11)

    def at(self, height: float, text: str) -> None:
        self._put(text, 70, height, 9)

    def _put(self, text: str, left: float, height: float, size: float) -> None:
        font = "Helvetica" if text.isascii() else "STSong-Light"
        self._canvas.setFont(font, size)
        self._canvas.drawString(left, height, text)

    def next_page(self) -> None:
        self._canvas.showPage()
        self._height = HEIGHT - 80

    def bytes(self) -> bytes:
        self._canvas.save()
        return self._file.getvalue()


def parse(data: bytes) -> Document:
    return PdfParser().parse_bytes(data, name="report.pdf")


def test_lines_become_paragraphs_and_larger_lines_headings():
    sheet = Sheet()
    sheet.line("Failure of a crane", size=20)
    sheet.line("1. Summary", size=14, skip=20)
    sheet.line("The load of the crane fell on the wharf and broke through the tim-", skip=8)
    sheet.line("ber deck. Nobody was killed, and the inquiry heard twenty-six men.")
    sheet.line("It was raining.", skip=14)
    document = parse(sheet.bytes())
    assert document.text == (
        "# Failure of a crane\n\n## 1. Summary\n\nThe load of the crane fell on the wharf and broke"
        " through the timber deck. Nobody was killed, and the inquiry heard twenty-six men.\n\n"
        "It was raining.\n"
    )
    assert document.title == "Failure of a crane"
    assert document.warnings == ()


def test_chinese_lines_are_joined_without_a_space():
    sheet = Sheet()
    sheet.line("二〇三一年六月二十日上午，澜屿渔港第二季度港务会议在望潮楼二")
    sheet.line("层召开。会议由港务主任岑望舟主持，许小满负责记录，到会的有码头")
    sheet.line("组和船东代表。")
    document = parse(sheet.bytes())
    assert "望潮楼二层召开" in document.text
    assert "码头组和船东代表。" in document.text
    assert document.language == "zh"


def test_running_heads_feet_and_page_numbers_are_left_out():
    sheet = Sheet()
    for number in range(1, 5):
        sheet.at(HEIGHT - 40, "Harbour review 2031")
        sheet.line(f"The news of part {'abcd'[number - 1]} fills this page with one sentence.")
        sheet.at(40, f"Page {number} of 4")
        sheet.next_page()
    document = parse(sheet.bytes())
    assert "Harbour review" not in document.text
    assert "Page" not in document.text
    assert document.text.count("The news of part") == 4
    assert document.warnings == ("left out 8 lines of running heads, feet and page numbers",)


def test_lines_that_differ_in_a_figure_are_no_running_heads():
    sheet = Sheet()
    for number in (412, 583, 366):
        sheet.at(HEIGHT - 40, f"The berth due is {number} crowns.")
        sheet.line("The rest of the page.")
        sheet.next_page()
    document = parse(sheet.bytes())
    assert document.text.count("The berth due is") == 3
    assert document.warnings == ()


def test_a_paragraph_goes_on_over_the_end_of_a_page():
    sheet = Sheet()
    sheet.line("The brake cover had been taken off for painting in February and was put")
    sheet.next_page()
    sheet.line("back with half of its bolts.")
    assert "and was put back with half of its bolts." in parse(sheet.bytes()).text


def test_aligned_cells_become_a_table():
    sheet = Sheet()
    sheet.line("The table gives the dues.")
    sheet.row("Quay", "2030", "2031")
    sheet.row("Lantern Quay", "412", "438")
    sheet.row("Orrin Quay", "583", "659")
    sheet.line("All sums are in crowns.", skip=20)
    assert parse(sheet.bytes()).text == (
        "The table gives the dues.\n\n| Quay | 2030 | 2031 |\n| --- | --- | --- |\n"
        "| Lantern Quay | 412 | 438 |\n| Orrin Quay | 583 | 659 |\n\nAll sums are in crowns.\n"
    )


def test_items_of_a_list_stay_apart():
    sheet = Sheet()
    sheet.line("1. The cover must be closed with every bolt and sealed with wax")
    sheet.line("2. Chalk may no longer be stored on the wharf in open bags, not even")
    sheet.line("   for one night.")
    assert parse(sheet.bytes()).text.count("\n\n") == 1


def test_a_page_without_text_is_told():
    sheet = Sheet()
    sheet.line("The first page has text.")
    sheet.next_page()
    sheet.next_page()
    sheet.line("The third page has text.")
    document = parse(sheet.bytes())
    assert document.warnings == ("page 2: no text layer, so nothing was read (scanned?)",)


def test_a_scanned_file_is_refused_with_advice():
    sheet = Sheet()
    sheet.next_page()
    with pytest.raises(DocumentError, match=r"report\.pdf has no text layer") as caught:
        parse(sheet.bytes())
    assert "OCR" in caught.value.hint


def test_an_encrypted_file_is_refused_with_advice():
    lock = pdfencrypt.StandardEncryption("secret", ownerPassword="owner")
    sheet = Sheet(encrypt=lock)
    sheet.line("Nobody may read this.")
    with pytest.raises(DocumentError, match="protected by a password") as caught:
        parse(sheet.bytes())
    assert "without a password" in caught.value.hint


def test_a_file_that_only_forbids_printing_is_read():
    lock = pdfencrypt.StandardEncryption("", ownerPassword="owner", canPrint=0)
    sheet = Sheet(encrypt=lock)
    sheet.line("Everybody may read this.")
    assert "Everybody may read this." in parse(sheet.bytes()).text


@pytest.mark.parametrize("data", [b"%PDF-1.7\n", b"%PDF-1.4 nonsense" * 40, b"not a pdf at all"])
def test_a_broken_file_is_refused(data: bytes):
    with pytest.raises(DocumentError, match=r"report\.pdf is not a whole PDF"):
        parse(data)


def test_a_file_cut_short_is_refused_or_read_but_never_crashes():
    sheet = Sheet()
    for _ in range(30):
        sheet.line("The inspection card must name the crane in full.")
    data = sheet.bytes()
    for share in (0.2, 0.5, 0.8, 0.95):
        try:
            document = parse(data[: int(len(data) * share)])
        except DocumentError as error:
            assert error.hint
        else:
            assert "inspection card" in document.text


def test_a_file_without_pages_is_refused():
    empty = pypdfium2.PdfDocument.new()
    file = io.BytesIO()
    empty.save(file)
    with pytest.raises(DocumentError, match=r"report\.pdf"):
        parse(file.getvalue())


def test_a_map_leads_from_the_text_to_its_pages():
    sheet = Sheet()
    sheet.line("The brake cover had been taken off for painting in February and was put")
    sheet.next_page()
    sheet.line("back with half of its bolts.")
    sheet.line("It rained.", skip=30)
    sheet.next_page()
    sheet.next_page()
    sheet.line("The fourth page has text.")
    document = parse(sheet.bytes())
    places = {one.label: document.text[one.start :].split()[0] for one in document.sections}
    assert places == {"1": "The", "2": "back", "4": "The"}
    at = document.text.index("It rained")
    assert [one.label for one in document.sections_of(at, at + 5)] == ["2"]
    assert [one.label for one in document.sections_of(0, at)] == ["1", "2"]


def two_columns(*columns: list[str], heading: str = "") -> bytes:
    """A page with columns whose lines are written row by row, as some programs do."""
    file = io.BytesIO()
    page = canvas.Canvas(file, pagesize=A4)
    page.setFont("Helvetica", 11)
    if heading:
        page.setFont("Helvetica", 18)
        page.drawString(60, HEIGHT - 60, heading)
        page.setFont("Helvetica", 11)
    for column, lines in enumerate(columns):
        for number, line in enumerate(lines):
            page.drawString(60 + 260 * column, HEIGHT - 100 - 14 * number, line)
    page.save()
    return file.getvalue()


def test_two_columns_are_read_one_after_the_other_with_hyphens_mended():
    left = [
        "The harbour of Calder Reach was en-",
        "larged twice in the last century, and",
        "its lamp was lit for the first time",
        "in the spring of the year 1911 by a",
        "keeper whose name nobody has writ-",
    ]
    right = [
        "ten down. The second quay was built",
        "of timber, the third of stone.",
    ]
    document = parse(two_columns(left, right, heading="Calder Reach"))
    assert "was enlarged twice in the last century" in document.text
    assert "nobody has written down. The second quay" in document.text
    assert document.text.startswith("# Calder Reach")


def test_running_heads_that_change_sides_are_left_out():
    sheet = Sheet()
    for number in range(1, 7):
        sheet._put(
            f"{number}   Harbour review" if number % 2 else f"Harbour review   {number}",
            70 if number % 2 else 400,
            HEIGHT - 40,
            9,
        )
        sheet.line(f"The news of part {'abcdef'[number - 1]} fills this page.")
        sheet.next_page()
    document = parse(sheet.bytes())
    assert "Harbour review" not in document.text
    assert document.text.count("The news of part") == 6


def test_each_page_without_a_text_layer_is_named():
    sheet = Sheet()
    for number in range(1, 6):
        if number not in (2, 5):
            sheet.line(f"Page {'abcde'[number - 1]} has text.")
        sheet.next_page()
    assert parse(sheet.bytes()).warnings == (
        "pages 2, 5: no text layer, so nothing was read (scanned?)",
    )
