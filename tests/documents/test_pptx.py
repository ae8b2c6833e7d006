"""PowerPoint files: slides with their numbers, points, tables, charts and notes."""

from __future__ import annotations

import io

import pptx
import pytest
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from loresmith.documents import PptxParser
from loresmith.errors import DocumentError
from loresmith.records import Document


def deck() -> bytes:
    presentation = pptx.Presentation()
    opening = presentation.slides.add_slide(presentation.slide_layouts[0])
    opening.shapes.title.text = "澜屿渔港年报"
    opening.placeholders[1].text = "港务处"
    points = presentation.slides.add_slide(presentation.slide_layouts[1])
    points.shapes.title.text = "Dues"
    body = points.placeholders[1].text_frame
    body.text = "Paid each quarter"
    line = body.add_paragraph()
    line.text = "late: 5 %"
    line.level = 1
    points.notes_slide.notes_text_frame.text = "Say that this is new.\nAnd why."
    empty = presentation.slides.add_slide(presentation.slide_layouts[6])
    assert not list(empty.placeholders)
    bare = presentation.slides.add_slide(presentation.slide_layouts[6])
    table = bare.shapes.add_table(3, 2, 0, 0, Inches(4), Inches(2)).table
    for row, texts in enumerate((("Quay", "2031"), ("Lantern", "412"), ("", "583"))):
        for column, text in enumerate(texts):
            table.cell(row, column).text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    figures = CategoryChartData()
    figures.categories = ["Q1", "Q2"]
    figures.add_series("coal", (3.5, 4))
    bare.shapes.add_chart(XL_CHART_TYPE.LINE, 0, 0, Inches(3), Inches(2), figures)
    file = io.BytesIO()
    presentation.save(file)
    return file.getvalue()


def parse(data: bytes) -> Document:
    return PptxParser().parse_bytes(data, name="年报.pptx")


def test_slides_become_headings_with_numbers_points_tables_charts_and_notes():
    document = parse(deck())
    assert document.text == (
        "## 1. 澜屿渔港年报\n\n港务处\n\n"
        "## 2. Dues\n\n- Paid each quarter\n  - late: 5 %\n\n"
        "> Say that this is new.\n> And why.\n\n"
        "## 4.\n\n| Quay | 2031 |\n| --- | --- |\n| Lantern | 412 |\n| Lantern | 583 |\n\n"
        "|  | coal |\n| --- | --- |\n| Q1 | 3.5 |\n| Q2 | 4 |\n\n"
    )
    assert document.title == "澜屿渔港年报"
    assert [(one.kind, one.label) for one in document.sections] == [
        ("slide", "1"),
        ("slide", "2"),
        ("slide", "4"),
    ]
    for section in document.sections:
        assert document.text[section.start :].startswith(f"## {section.label}.")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_file_cut_short_is_refused(share: float):
    data = deck()
    with pytest.raises(DocumentError, match=r"not a whole \.pptx file"):
        parse(data[: int(len(data) * share)])
