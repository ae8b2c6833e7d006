"""Text and Markdown files: titles, headings, and files that hold nothing."""

from pathlib import Path

import pytest

from loresmith.documents import MarkdownParser, PlainTextParser, parse_document
from loresmith.errors import DocumentError
from loresmith.records import Document


def markdown(text: str) -> Document:
    return MarkdownParser().parse_bytes(text.encode(), name="年报/report.md")


def outline(document: Document) -> list[tuple[int, str]]:
    return [(heading.level, heading.title) for heading in document.headings]


def test_markdown_headings_of_both_kinds_are_found_where_they_start():
    document = markdown("Report\n======\n\ntext\n\nPart\n----\n\n## **Dues** ##\ntext\n#not one\n")
    assert outline(document) == [(1, "Report"), (2, "Part"), (2, "Dues")]
    assert [document.text[h.start :].split("\n")[0] for h in document.headings] == [
        "Report",
        "Part",
        "## **Dues** ##",
    ]


def test_bold_lines_that_stand_alone_are_headings_below_the_one_before():
    document = markdown(
        "# 快手二季报\n\n**短剧日活破****3****亿**\n\n正文，**重点**很多。\n\n　　**低线城市**\n\n"
        "**甲** 与 **乙**\n\n**紧接着**\n正文。\n"
    )
    assert outline(document) == [(1, "快手二季报"), (6, "短剧日活破3亿"), (6, "低线城市")]


def test_chinese_numbering_makes_headings_where_the_line_is_short():
    document = markdown(
        "# 办法\n第一章 总则\n第一节 目的\n一、概况\n（一）范围\n"
        "第二章讲述了会议的经过，会议由主任主持。\n一、会议听取了生产情况，讨论了防风。\n"
    )
    assert outline(document) == [
        (1, "办法"),
        (2, "第一章 总则"),
        (3, "第一节 目的"),
        (4, "一、概况"),
        (5, "（一）范围"),
    ]


def test_code_tables_and_front_matter_hold_no_headings():
    document = markdown(
        "---\ntitle: 'Harbour dues'\nyear: 2031\n---\n\n```\n# no\n```\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |\n"
    )
    assert outline(document) == []
    assert document.title == "Harbour dues"


def test_the_title_is_the_first_heading_or_else_the_name_of_the_file():
    assert markdown("# 年度简报\n\n正文。").title == "年度简报"
    assert markdown("### Opening\n\ntext").title == "Opening"
    assert markdown("Text first.\n\n### Detail\n\ntext").title == "report"
    assert markdown("Only text.").title == "report"


def test_a_text_file_may_open_with_its_title():
    parser = PlainTextParser()
    titled = parser.parse_bytes("港务会议纪要\n\n一、概况\n正文。".encode(), name="a.txt")
    assert titled.title == "港务会议纪要"
    assert outline(titled) == [(1, "港务会议纪要"), (4, "一、概况")]
    untitled = parser.parse_bytes("会议开始了。\n\n正文。".encode(), name="a.txt")
    assert untitled.title == "a"


def test_the_author_s_markdown_stays_as_it_is():
    text = "# T\n\n*a* [b](http://c) ![d](e)\n\n\n\n  | x |\n"
    assert markdown(text).text == text


def test_the_id_depends_on_name_and_text_only(tmp_path: Path):
    one, two = tmp_path / "one.md", tmp_path / "two.md"
    one.write_bytes("# 标题\n正文\n".encode())
    two.write_bytes("\ufeff# 标题\r\n正文\r\n".encode())
    assert parse_document(one, name="x.md").id == parse_document(two, name="x.md").id
    assert parse_document(one, name="x.md").id != parse_document(one, name="y.md").id
    assert parse_document(one, name="x.md").language == "zh"


@pytest.mark.parametrize("data", [b" \n\t\r\n", b"\xef\xbb\xbf", "\u3000\n".encode(), b"\xff\xfe"])
def test_a_file_of_nothing_but_space_is_refused(tmp_path: Path, data: bytes):
    path = tmp_path / "blank.txt"
    path.write_bytes(data)
    with pytest.raises(DocumentError, match=r"blank\.txt holds no text") as caught:
        parse_document(path)
    assert caught.value.hint


def test_an_empty_file_is_refused(tmp_path: Path):
    path = tmp_path / "empty.md"
    path.touch()
    with pytest.raises(DocumentError, match=r"empty\.md is empty"):
        parse_document(path)


def test_a_missing_file_is_named_with_its_path(tmp_path: Path):
    with pytest.raises(DocumentError, match=r"report\.md does not exist"):
        parse_document(tmp_path / "report.md")


def test_a_folder_is_not_a_document(tmp_path: Path):
    (tmp_path / "a.md").mkdir()
    with pytest.raises(DocumentError, match=r"a\.md is a folder"):
        parse_document(tmp_path / "a.md")


def test_a_file_over_the_limit_is_refused_before_it_is_read(tmp_path: Path):
    path = tmp_path / "large.txt"
    path.write_text("x" * 1001)
    with pytest.raises(DocumentError, match=r"large\.txt is too large: 1,001 bytes.*1,000"):
        PlainTextParser(max_bytes=1000).parse(path, name="large.txt")


def test_a_format_that_is_not_read_is_refused_with_those_that_are(tmp_path: Path):
    path = tmp_path / "sheet.numbers"
    path.write_text("x")
    with pytest.raises(DocumentError, match=r"sheet\.numbers has a format") as caught:
        parse_document(path)
    assert ".docx" in caught.value.hint
