"""Text files in the encodings and line ends that people's machines write."""

from pathlib import Path

import pytest

from loresmith.documents import parse_document
from loresmith.errors import DocumentError
from loresmith.records import Document

SIMPLIFIED = "二季度营收为823亿元，同比增长21.0%。\n会议由港务主任主持，各组都已到会。\n"
TRADITIONAL = "這個季度的營收為823億元，與去年同期相比有所增長。\n會議由港務主任主持。\n"
JAPANESE = "この港は島の人々によって建てられました。\n会議は東京で行われた。\n"
KOREAN = "이 항구는 섬 사람들이 세웠습니다. 회의는 서울에서 하였다.\n"


def parse(folder: Path, data: bytes, name: str = "report.txt") -> Document:
    path = folder / name
    path.write_bytes(data)
    return parse_document(path)


@pytest.mark.parametrize("text", [SIMPLIFIED, "The harbour café is open.\n", "Total: 5 €\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_marked_and_plain_unicode_is_read_without_a_warning(
    tmp_path: Path, text: str, encoding: str
):
    document = parse(tmp_path, text.encode(encoding))
    assert document.text == text
    assert document.warnings == ()


@pytest.mark.parametrize(
    ("text", "encoding", "named"),
    [
        (SIMPLIFIED, "gb18030", "GB18030"),
        (SIMPLIFIED, "utf-16-le", "UTF-16-LE"),
        (SIMPLIFIED, "utf-16-be", "UTF-16-BE"),
        ("The port is open. 5 crowns.\n", "utf-16-le", "UTF-16-LE"),
        (TRADITIONAL, "big5", "Big5"),
        (JAPANESE, "cp932", "Shift-JIS"),
        (KOREAN, "cp949", "EUC-KR"),
        ("Die Müllabfuhr für Köln kostet 5 € – sagt «Le Café».\n", "cp1252", "Windows-1252"),
    ],
)
def test_an_encoding_without_a_mark_is_guessed_and_named(
    tmp_path: Path, text: str, encoding: str, named: str
):
    document = parse(tmp_path, text.encode(encoding))
    assert document.text == text
    assert document.warnings == (f"the encoding was guessed to be {named}",)


@pytest.mark.parametrize("text", ["营收增长\n", "港口", "泊位费：412元", "灯笼码头"])
def test_even_a_few_characters_of_gb18030_are_recognised(tmp_path: Path, text: str):
    assert parse(tmp_path, text.encode("gb18030")).text == text


def test_characters_beyond_gb2312_survive(tmp_path: Path):
    text = "澜屿渔港的朱镕基、𠮷田先生和瀞女士都到会了，费用为５６.３万元。"
    assert parse(tmp_path, text.encode("gb18030")).text == text


def test_what_cannot_be_decoded_is_counted(tmp_path: Path):
    broken = SIMPLIFIED.encode() + b"\xff, \xe4\xba\n"
    document = parse(tmp_path, broken)
    assert document.text.count("\ufffd") == 2
    assert "2 characters could not be decoded as UTF-8 and became �" in document.warnings
    assert "营收为823亿元" in document.text


def test_a_replacement_character_that_the_author_wrote_is_no_loss(tmp_path: Path):
    document = parse(tmp_path, "The sign � means lost.".encode())
    assert document.warnings == ()


def test_all_line_ends_become_one_kind_and_nothing_else_changes(tmp_path: Path):
    document = parse(tmp_path, "一\r\n\r\n　二 \r三\u2028四\tfive  \n".encode())
    assert document.text == "一\n\n　二 \n三\n四\tfive  \n"


def test_control_characters_are_taken_out_and_counted(tmp_path: Path):
    document = parse(tmp_path, b"Orrin\x00 Quay\x07 is open on all days of the year.\n")
    assert document.text == "Orrin Quay is open on all days of the year.\n"
    assert document.warnings == ("removed 2 control characters (such as NUL) from the text",)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "a PNG image"),
        (b"\x7fELF\x02\x01\x01" + bytes(200), "a program"),
        (b"PK\x03\x04" + bytes(200), "a zip archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(200), "old or password-protected Office"),
    ],
)
def test_a_known_binary_named_txt_is_refused_by_its_kind(tmp_path: Path, data: bytes, kind: str):
    with pytest.raises(DocumentError, match=f"report.txt is not text but .*{kind}") as caught:
        parse(tmp_path, data)
    assert caught.value.hint


def test_an_unknown_binary_named_txt_is_refused(tmp_path: Path):
    noise = bytes((i * 7919 + i // 3 * 31) % 256 for i in range(5000))
    with pytest.raises(DocumentError, match=r"report\.txt is not text: .* cannot be read"):
        parse(tmp_path, noise)
