"""Word files: structure kept, and damaged or hostile ones refused with one clear message."""

import io
import zipfile
from collections.abc import Callable

import docx
import pytest

from loresmith.documents import DocxParser
from loresmith.errors import DocumentError
from loresmith.records import Document

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def written(fill: Callable[[docx.document.Document], None]) -> bytes:
    document = docx.Document()
    fill(document)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def handbook(document: docx.document.Document) -> None:
    document.core_properties.title = "自带的标题"
    document.add_heading("引航手册", level=1)
    document.add_paragraph("本手册自2032年3月3日起施行。")
    document.add_heading("费用", level=2)
    table = document.add_table(rows=0, cols=2)
    for cells in (("船长", "费用"), ("120米以下", "1,640"), ("180米以上", "3,170")):
        row = table.add_row()
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    document.add_paragraph("先付款", style="List Bullet")


def parse(data: bytes) -> Document:
    return DocxParser().parse_bytes(data, name="手册.docx")


def with_part(data: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    result = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for info in old.infolist():
            content = old.read(info)
            new.writestr(info.filename, change(content) if info.filename == part else content)
    return result.getvalue()


def test_headings_paragraphs_tables_and_lists_become_markdown():
    document = parse(written(handbook))
    assert document.text == (
        "# 引航手册\n\n本手册自2032年3月3日起施行。\n\n## 费用\n\n| 船长 | 费用 |\n| --- | --- |\n"
        "| 120米以下 | 1,640 |\n| 180米以上 | 3,170 |\n\n- 先付款\n"
    )
    assert document.title == "引航手册"
    assert document.language == "zh"
    assert [(heading.level, heading.title) for heading in document.headings] == [
        (1, "引航手册"),
        (2, "费用"),
    ]


def test_a_file_without_headings_has_the_title_of_its_properties():
    def fill(document: docx.document.Document) -> None:
        document.core_properties.title = "Pilotage handbook"
        document.add_paragraph("The pilot boards at Fennick Point.")

    assert parse(written(fill)).title == "Pilotage handbook"


def test_a_formula_is_written_in_a_line():
    formula = (
        '<w:p><m:oMath xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math">'
        "<m:r><m:t>v=</m:t></m:r><m:f><m:num><m:r><m:t>s</m:t></m:r></m:num><m:den>"
        "<m:sSup><m:e><m:r><m:t>t</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup>"
        "</m:sSup></m:den></m:f></m:oMath></w:p>"
    )
    data = with_part(
        written(lambda document: document.add_paragraph("The speed is")),
        "word/document.xml",
        lambda body: body.replace(b"<w:sectPr", formula.encode() + b"<w:sectPr", 1),
    )
    assert parse(data).text == "The speed is\n\nv=(s)/(t^(2))\n"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_file_is_refused(share: float):
    data = written(handbook)
    with pytest.raises(DocumentError, match=r"手册\.docx is not a whole .docx file") as caught:
        parse(data[: int(len(data) * share)])
    assert caught.value.hint


@pytest.mark.parametrize(
    "body",
    [b"", b"<w:document", b"<a/>", f'<w:document xmlns:w="{WORD}"/>'.encode(), b"\x00\xff" * 50],
)
def test_a_broken_body_is_refused(body: bytes):
    with pytest.raises(DocumentError, match="手册"):
        parse(with_part(written(handbook), "word/document.xml", lambda _: body))


def test_damaged_compressed_data_is_refused():
    data = bytearray(written(handbook))
    start = data.index(b"word/document.xml") + 200
    data[start : start + 40] = bytes(40)
    with pytest.raises(DocumentError, match=r"not a whole \.docx file"):
        parse(bytes(data))


def test_another_zip_archive_is_refused():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("notes.txt", "x")
    with pytest.raises(DocumentError, match=r"a zip archive, but not a \.docx file"):
        parse(file.getvalue())


def test_a_password_protected_file_is_refused_with_advice():
    with pytest.raises(DocumentError, match="password-protected") as caught:
        parse(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    assert "without a password" in caught.value.hint


def test_a_file_that_unpacks_to_too_much_is_refused_unread():
    bomb = with_part(
        written(handbook), "word/styles.xml", lambda styles: styles + b" " * 20_000_000
    )
    assert len(bomb) < 200_000
    parser = DocxParser(max_expanded_bytes=10_000_000)
    with pytest.raises(DocumentError, match="would unpack to more than 10,000,000 bytes"):
        parser.parse_bytes(bomb, name="bomb.docx")


def test_external_entities_are_not_followed(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("TOP-SECRET")
    doctype = f'<!DOCTYPE x [<!ENTITY leak SYSTEM "{secret.as_uri()}">]>'.encode()

    def attack(body: bytes) -> bytes:
        head, rest = body.split(b"?>", 1)
        return head + b"?>" + doctype + rest.replace("本手册".encode(), b"&leak;", 1)

    data = with_part(written(handbook), "word/document.xml", attack)
    try:
        assert "TOP-SECRET" not in parse(data).text
    except DocumentError as error:
        assert "TOP-SECRET" not in str(error)


def test_pictures_leave_only_their_description():
    from PIL import Image

    picture = io.BytesIO()
    Image.new("RGB", (2, 2)).save(picture, "PNG")

    def fill(document: docx.document.Document) -> None:
        document.add_paragraph("The quay.")
        document.add_picture(picture)

    assert "data:" not in parse(written(fill)).text
