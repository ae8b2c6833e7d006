"""Excel files as their readers see them: sheets, merged cells, dates, percentages, results."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, time

import openpyxl
import pytest

from loresmith.documents import XlsxParser
from loresmith.documents.number_formats import shown
from loresmith.errors import DocumentError
from loresmith.records import Document


def saved(book: openpyxl.Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def parse(data: bytes) -> Document:
    return XlsxParser().parse_bytes(data, name="泊位.xlsx")


def sheet(*rows: list[object]) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    return book


def with_part(data: bytes, part: str, content: bytes) -> bytes:
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(result, "w") as new:
        for info in old.infolist():
            new.writestr(info.filename, content if info.filename == part else old.read(info))
    return result.getvalue()


def test_each_sheet_is_a_heading_with_its_table():
    book = sheet(["码头", "费用"], ["灯笼码头", 412])
    book.active.title = "2031年"
    other = book.create_sheet("备注")
    other.append(["以克朗计"])
    document = parse(saved(book))
    assert document.text == (
        "## 2031年\n\n| 码头 | 费用 |\n| --- | --- |\n| 灯笼码头 | 412 |\n\n"
        "## 备注\n\n| 以克朗计 |\n| --- |\n\n"
    )
    assert document.title == "泊位"
    assert [(one.kind, one.label) for one in document.sections] == [
        ("sheet", "2031年"),
        ("sheet", "备注"),
    ]
    assert document.text[document.sections[1].start :].startswith("## 备注")


def test_figures_are_shown_as_their_format_shows_them():
    book = sheet(["a", "b", "c", "d", "e", "f"])
    cells = [
        (0.2135, "0.0%"),
        (1234567.891, "#,##0.00"),
        (date(2031, 6, 20), 'yyyy"年"m"月"d"日"'),
        (datetime(2031, 6, 20, 14, 5), "yyyy-mm-dd hh:mm"),
        (-1500, '"¥"#,##0;[Red]("¥"#,##0)'),
        (time(8, 30), "h:mm AM/PM"),
    ]
    for column, (value, code) in enumerate(cells, 1):
        cell = book.active.cell(2, column, value)
        cell.number_format = code
    row = parse(saved(book)).text.splitlines()[4]
    assert row == (
        "| 21.4% | 1,234,567.89 | 2031年6月20日 | 2031-06-20 14:05 | (¥1,500) | 8:30 AM |"
    )


@pytest.mark.parametrize(
    ("number", "code", "seen"),
    [
        ("0.1", "General", "0.1"),
        ("0.30000000000000004", "General", "0.3"),
        ("1E-3", "General", "0.001"),
        ("412", "General", "412"),
        ("412.50", "0.##", "412.5"),
        ("412", "0.##", "412"),
        ("7", "000", "007"),
        ("0.5", "0%", "50%"),
        ("2.345", "0.00", "2.35"),
        ("12345678", "#,##0,", "12,346"),
        ("0", "0.00;-0.00;-", "-"),
        ("1234.5", "[$¥-804]#,##0.00", "¥1,234.50"),
        ("12", '0"元/吨"', "12元/吨"),
        ("1.5", "[h]:mm", "36:00"),
        ("45000", "yyyy/m/d", "2023/3/15"),
        ("45000", "yyyy年m月d日 aaaa", "2023年3月15日 星期三"),
        ("1", "yyyy-mm-dd", "1900-01-01"),
        ("61", "yyyy-mm-dd", "1900-03-01"),
        ("99999999999", "yyyy-mm-dd", "99999999999"),
        ("0.000123", "0.00E+00", "1.23E-04"),
        ("5", "@", "5"),
        ("1e400", "0", "1e400"),
        ("nan", "0", "nan"),
    ],
)
def test_a_number_in_a_format(number: str, code: str, seen: str):
    assert shown(number, code) == seen


def test_merged_cells_are_repeated_and_a_title_over_the_table_stands_above_it():
    book = sheet(
        ["港口收费表", None, None],
        ["类别", "码头", "费用"],
        ["货船", "灯笼", 412],
        [None, "奥林", 583],
        ["注：以克朗计"],
    )
    book.active.merge_cells("A1:C1")
    book.active.merge_cells("A3:A4")
    assert parse(saved(book)).text == (
        "## Sheet\n\n港口收费表\n\n| 类别 | 码头 | 费用 |\n| --- | --- | --- |\n"
        "| 货船 | 灯笼 | 412 |\n| 货船 | 奥林 | 583 |\n\n注：以克朗计\n\n"
    )


def test_empty_rows_part_two_tables():
    book = sheet(["a", "b"], [1, 2], [], ["c", "d", "e"], [3, 4, 5])
    assert parse(saved(book)).text == (
        "## Sheet\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n"
        "| c | d | e |\n| --- | --- | --- |\n| 3 | 4 | 5 |\n\n"
    )


def test_a_formula_shows_its_stored_result_and_one_without_is_counted():
    data = saved(sheet(["sum"], ["=1+1"]))
    assert parse(data).warnings == (
        "1 formula has no stored result: open the file in Excel and save it",
    )
    content = zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml")
    computed = content.replace(b"<v></v>", b"<v>2</v>").replace(b"<v />", b"<v>2</v>")
    assert "| 2 |" in parse(with_part(data, "xl/worksheets/sheet1.xml", computed)).text


def test_shared_texts_are_read_without_their_pronunciation():
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    texts = (
        f'<sst xmlns="{main}"><si><r><t>灯</t></r><r><t xml:space="preserve">塔 </t></r>'
        "<rPh><t>とう</t></rPh></si></sst>"
    )
    row = '<row><c t="s"><v>0</v></c></row>'
    cells = f'<worksheet xmlns="{main}"><sheetData>{row}</sheetData></worksheet>'
    data = with_part(saved(sheet(["x"])), "xl/worksheets/sheet1.xml", cells.encode())
    file = io.BytesIO(data)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("xl/sharedStrings.xml", texts)
    assert "| 灯塔 |" in parse(file.getvalue()).text


def test_hidden_sheets_are_left_out_and_counted():
    book = sheet(["a"], ["b"])
    book.create_sheet("secret").append(["salary"])
    book["secret"].sheet_state = "hidden"
    document = parse(saved(book))
    assert "salary" not in document.text
    assert document.warnings == ("1 hidden sheet was left out",)


def test_a_cell_far_away_and_a_huge_merged_area_cost_nothing():
    book = sheet(["a", "b"])
    book.active["XFD1048576"] = "far"
    book.active.merge_cells("A1:B1")
    data = saved(book)
    content = zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml")
    huge = content.replace(b'ref="A1:B1"', b'ref="A1:XFC1048575"')
    assert huge != content
    document = parse(with_part(data, "xl/worksheets/sheet1.xml", huge))
    assert "far" in document.text
    assert len(document.text) < 200


def test_a_long_table_is_one_table_with_its_header():
    document = parse(saved(sheet(["n", "square"], *([n, n * n] for n in range(3000)))))
    assert document.text.count("| --- |") == 1
    assert "| 2999 | 8994001 |" in document.text


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_file_cut_short_is_refused(share: float):
    data = saved(sheet(["a"], ["b"]))
    with pytest.raises(DocumentError, match=r"not a whole \.xlsx file"):
        parse(data[: int(len(data) * share)])


@pytest.mark.parametrize(
    "content",
    [b"", b"<a", b"<worksheet/>", b'<worksheet><sheetData><row r="x"/></sheetData></worksheet>'],
)
def test_a_broken_sheet_is_refused(content: bytes):
    broken = with_part(saved(sheet(["a"], ["b"])), "xl/worksheets/sheet1.xml", content)
    with pytest.raises(DocumentError, match="泊位"):
        parse(broken)


def test_entities_are_refused_before_they_are_expanded():
    laughs = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    for part in ("xl/styles.xml", "xl/workbook.xml"):
        with pytest.raises(DocumentError, match="declares XML entities"):
            parse(with_part(saved(sheet(["a"], ["b"])), part, laughs))
    wide = laughs.decode().encode("utf-16")
    with pytest.raises(DocumentError, match="declares XML entities"):
        parse(with_part(saved(sheet(["a"], ["b"])), "xl/styles.xml", wide))


def test_a_password_protected_file_is_refused_with_advice():
    with pytest.raises(DocumentError, match="password-protected") as caught:
        parse(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    assert "without a password" in caught.value.hint
