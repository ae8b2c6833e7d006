"""Tables of separated values become one Markdown table, whatever separates them."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loresmith.documents import CsvParser
from loresmith.errors import DocumentError
from loresmith.records import Document


def parse(text: str | bytes, name: str = "dues.csv") -> Document:
    data = text.encode() if isinstance(text, str) else text
    return CsvParser().parse_bytes(data, name=name)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found_by_itself(separator: str):
    rows = [["Quay", "2030", "2031"], ["Lantern", "412", "438"], ["Orrin", "583", "659"]]
    document = parse("\n".join(separator.join(row) for row in rows))
    assert document.text == (
        "| Quay | 2030 | 2031 |\n| --- | --- | --- |\n"
        "| Lantern | 412 | 438 |\n| Orrin | 583 | 659 |\n"
    )
    assert document.title == "dues"
    assert document.warnings == ()


def test_chinese_as_excel_saves_it_is_read():
    document = parse("码头,费用\n灯笼码头,412\n".encode("gb18030"))
    assert "| 灯笼码头 | 412 |" in document.text
    assert document.language == "zh"
    assert document.warnings == ("the encoding was guessed to be GB18030",)


def test_quoted_cells_may_hold_separators_line_ends_and_pipes():
    text = 'name,note\r\n"Reach, Calder","first\nsecond"\r\na,"x|y"\r\n'
    assert parse(text).text.splitlines()[2:] == [
        "| Reach, Calder | first second |",
        "| a | x\\|y |",
    ]


def test_uneven_rows_are_filled_up_and_counted():
    document = parse("a,b,c\n1,2\n3,4,5,6\n\n7,8,9\n")
    assert document.text.splitlines()[0] == "| a | b | c |  |"
    assert document.warnings == ("2 rows have more or fewer cells than the first row",)


def test_a_quotation_mark_that_is_never_closed_loses_no_rows():
    document = parse('pipe,length\n"5 inch,12\n6 inch,14\n')
    assert document.text.splitlines()[2:] == ['| "5 inch | 12 |', "| 6 inch | 14 |"]
    assert "a quotation mark is never closed" in document.warnings[0]


def test_one_cell_of_three_megabytes_is_read():
    document = parse("a,b\n" + "x" * 3_000_000 + ",1\n")
    assert len(document.text) > 3_000_000


def test_a_nul_and_a_terminal_s_escapes_are_taken_out():
    document = parse("a,b\n1\x00,\x1b[31mred\x1b[0m\n")
    assert document.text.endswith("| 1 | red |\n")
    assert document.warnings == ("removed 3 control characters (such as NUL) from the text",)


def test_nothing_but_separators_is_no_document():
    with pytest.raises(DocumentError, match="holds no text"):
        parse(",,,\n,,,\n")


_CELL = st.text(st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp")), max_size=12)


@given(st.lists(st.lists(_CELL, min_size=2, max_size=5), min_size=1, max_size=8))
def test_every_cell_that_was_written_is_in_the_table(rows: list[list[str]]):
    file = io.StringIO(newline="")
    csv.writer(file, quoting=csv.QUOTE_ALL).writerows(rows)
    seen = [" ".join(cell.split()) for row in rows for cell in row]
    if not any(seen):
        return
    text = parse("\ufeff" + file.getvalue()).text.replace("\\|", "|")
    assert all(cell in text for cell in seen)
