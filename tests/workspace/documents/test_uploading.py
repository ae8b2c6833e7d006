"""What is uploaded gets in whole, under a safe name, and only when it can be read."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from loresmith import Workspace
from loresmith.workspace.documents import Documents, Uploaded
from loresmith.workspace.documents.file_names import safe_name

Upload = Callable[..., Uploaded]
TEXT = "The lamp of Calder Reach was lit on 3 May 2031.\n"


def test_an_uploaded_file_is_stored_read_and_cut(upload: Upload, folder: Path) -> None:
    stored = upload("灯塔.md", "# 灯塔\n\n2031年5月3日，灯塔点亮。\n")
    assert (stored.outcome, stored.name) == ("stored", "灯塔.md")
    assert stored.document is not None
    assert (stored.document.state, stored.document.language) == ("parsed", "zh")
    assert stored.document.chunks == 1
    assert (folder / "documents" / "灯塔.md").read_text(encoding="utf-8").startswith("# 灯塔")


def test_gb18030_is_read_as_the_chinese_that_it_is(upload: Upload, documents: Documents) -> None:
    stored = upload("通知.txt", "澜屿渔港将于2031年6月休渔，请各船回港。\n".encode("gb18030"))
    assert stored.document is not None
    assert any("GB18030" in warning for warning in stored.document.warnings)
    assert "澜屿渔港将于2031年6月休渔" in documents.text(stored.document.key).pieces[0].text


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("../../x.txt", "x.txt"),
        ("/etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\me\\report.md", "report.md"),
        ("..\\..\\up.md", "up.md"),
        ("folder/deep/再版.md", "再版.md"),
        ("nul\x00byte.txt", "nulbyte.txt"),
        ("gpj\u202etxt.md", "gpjtxt.md"),
        ("zero\u200bwidth.txt", "zerowidth.txt"),
        ("line\nbreak.txt", "linebreak.txt"),
        ("cafe\u0301.txt", "caf\u00e9.txt"),
        ("stream.txt:hidden.txt", "stream.txt_hidden.txt"),
        ("<img src=x onerror=alert(1)>.txt", "_img src=x onerror=alert(1)_.txt"),
        ("trailing.txt. . ", "trailing.txt"),
    ],
)
def test_a_hostile_name_becomes_a_plain_one(
    upload: Upload, folder: Path, given: str, name: str
) -> None:
    before = {path for path in folder.parent.rglob("*") if ".loresmith" not in path.parts}
    assert upload(given, TEXT).name == name
    after = {path for path in folder.parent.rglob("*") if ".loresmith" not in path.parts}
    assert after - before == {folder / "documents" / name}


@pytest.mark.parametrize(
    "given",
    [
        *(
            "",
            ".",
            "..",
            "/",
            "\\",
            "\x00",
            "\u202e",
            ".env.txt",
            "~$lock.docx",
            "a" * 300 + ".txt",
        ),
        *(
            "港" * 80 + ".txt",
            "CON.txt",
            "nul.md",
            "com1.html",
            "LPT9.tar.txt",
            "../",
            "x",
            "C:\\x",
        ),
        *("script.exe", "page.aspx", "archive.7z", "noending", "book.numbers", ".gitignore"),
    ],
)
def test_a_name_that_cannot_be_is_refused_with_a_reason(
    upload: Upload, folder: Path, given: str
) -> None:
    before = sorted(folder.rglob("*.*"))
    refused = upload(given, TEXT)
    assert refused.outcome == "refused"
    assert refused.reason
    assert refused.hint
    assert "\x00" not in refused.given
    assert "\u202e" not in refused.given
    after = sorted(folder.rglob("*.*"))
    assert [path for path in after if ".loresmith" not in path.parts] == [
        path for path in before if ".loresmith" not in path.parts
    ]


def test_what_cannot_be_read_is_told_with_what_can(upload: Upload) -> None:
    refused = upload("table.numbers", b"PK")
    assert ".numbers files cannot be read" in refused.reason
    assert ".docx" in refused.hint
    assert ".pdf" in refused.hint


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.txt", b"", "is empty"),
        ("blank.md", b" \n\n ", "holds no text"),
        ("photo.txt", b"\x89PNG\r\n\x1a\n" + bytes(200), "PNG image"),
        ("noise.txt", bytes(range(256)) * 40, "is not text"),
        ("broken.pdf", b"%PDF-1.7\nnothing more", "not a whole PDF"),
        ("broken.docx", b"PK\x03\x04 and nothing more", "zip archive|not a whole .docx file"),
        ("report.txt", b"%PDF-1.7\nnothing more", "PDF"),
        ("old.docx", b"\xd0\xcf\x11\xe0" + bytes(600), "an old or password-protected"),
    ],
)
def test_content_that_does_not_fit_is_refused(
    upload: Upload, folder: Path, name: str, content: bytes, reason: str
) -> None:
    refused = upload(name, content)
    assert refused.outcome == "refused"
    assert any(part in refused.reason for part in reason.split("|"))
    assert {path.name for path in (folder / "documents").iterdir()} == {
        "annual-review.md",
        "渔港纪要.txt",
    }


def test_a_word_file_called_text_is_sent_back(upload: Upload) -> None:
    refused = upload("minutes.txt", _docx("<w:p><w:r><w:t>Minutes of May</w:t></w:r></w:p>"))
    assert refused.outcome == "refused"
    assert ".docx" in refused.reason


def test_a_zip_bomb_is_refused_before_it_is_unpacked(upload: Upload) -> None:
    bomb = io.BytesIO()
    archive = zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED)
    with archive, archive.open("word/document.xml", "w") as part:
        for _ in range(260):
            part.write(bytes(1 << 20))
    refused = upload("bomb.docx", bomb.getvalue())
    assert refused.outcome == "refused"
    assert "would unpack to" in refused.reason


def test_a_file_over_the_limit_is_refused_while_it_comes(folder: Path) -> None:
    (folder / "loresmith.yaml").write_text("documents: {max_bytes: 3000000}\n")

    class Endless(io.RawIOBase):
        sent = 0

        def read(self, size: int = -1) -> bytes:
            self.sent += size
            return b"a" * size

    endless = Endless()
    refused = Documents(Workspace(folder)).upload("endless.txt", endless)  # type: ignore[arg-type]
    assert "larger than 3,000,000 bytes" in refused.reason
    assert endless.sent < 8_000_000
    assert not list((folder / "documents").glob(".upload-*"))


def test_a_taken_name_is_refused_until_replacing_is_asked_for(upload: Upload, folder: Path) -> None:
    assert upload("note.txt", TEXT).outcome == "stored"
    taken = upload("note.txt", "Another text.\n")
    assert (taken.outcome, taken.exists) == ("refused", True)
    assert (folder / "documents" / "note.txt").read_text() == TEXT
    assert upload("NOTE.txt", "Another text.\n").exists
    assert upload("note.txt", "Another text.\n", replace=True).outcome == "replaced"
    assert (folder / "documents" / "note.txt").read_text() == "Another text.\n"
    assert upload("note.txt", "Another text.\n", replace=True).outcome == "unchanged"


def test_a_bad_replacement_leaves_the_document_as_it_was(upload: Upload, folder: Path) -> None:
    upload("note.txt", TEXT)
    assert upload("note.txt", b"", replace=True).outcome == "refused"
    assert (folder / "documents" / "note.txt").read_text() == TEXT


def test_of_two_who_upload_the_same_name_at_once_one_gets_it(
    folder: Path, documents: Documents
) -> None:
    results: list[Uploaded] = []
    start = threading.Barrier(4)

    def one(number: int) -> None:
        start.wait()
        results.append(documents.upload("race.txt", io.BytesIO(f"Text {number}.\n".encode())))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(result.outcome for result in results) == ["refused"] * 3 + ["stored"]
    assert not list((folder / "documents").glob(".upload-*"))


def test_an_empty_project_takes_its_first_document(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    documents = Documents(Workspace(folder))
    assert documents.all().documents == ()
    assert documents.upload("a.txt", io.BytesIO(TEXT.encode())).outcome == "stored"
    assert (folder / "documents" / "a.txt").exists()


def test_a_project_whose_files_lie_in_its_own_folder_keeps_them_there(tmp_path: Path) -> None:
    (tmp_path / "own.md").write_text(TEXT)
    documents = Documents(Workspace(tmp_path))
    documents.upload("second.md", io.BytesIO(b"Another text.\n"))
    assert [line.name for line in documents.all().documents] == ["own.md", "second.md"]


def test_nothing_is_written_outside_of_the_project(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "mine", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    (folder / "loresmith.yaml").write_text("documents: {path: ../elsewhere}\n")
    refused = Documents(Workspace(folder)).upload("a.txt", io.BytesIO(TEXT.encode()))
    assert "outside of its own" in refused.reason
    assert not list(elsewhere.iterdir())


def test_a_deleted_document_is_gone(documents: Documents, upload: Upload, folder: Path) -> None:
    stored = upload("note.txt", TEXT)
    assert stored.document is not None
    documents.delete(stored.document.key)
    assert not (folder / "documents" / "note.txt").exists()
    assert "note.txt" not in [line.name for line in documents.all().documents]


def test_a_safe_name_stays_as_it_is() -> None:
    for name in ("report.md", "2031年 年报（终稿）.pdf", "a.b.c.txt", "Ünïcode-名.html"):
        assert safe_name(name) == name


def _docx(body: str) -> bytes:
    buffer = io.BytesIO()
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(
            "word/document.xml",
            f'<w:document xmlns:w="{space}"><w:body>{body}</w:body></w:document>',
        )
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _RELATIONS)
    return buffer.getvalue()


_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/></Types>'
)
_RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r" Target="word/document.xml" Type="http://schemas.openxmlformats.org/'
    'officeDocument/2006/relationships/officeDocument"/></Relationships>'
)
