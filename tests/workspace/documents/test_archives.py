"""Each file in a zip archive is a document of its own, from the upload to the correction."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from loresmith import Workspace
from loresmith.errors import Conflict
from loresmith.workspace.documents import Documents, Uploaded, document_key

Upload = Callable[..., Uploaded]
LAMP = "The lamp of Calder Reach was lit on 3 May 2031.\n"


def zipped(**parts: str | bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return file.getvalue()


REPORTS = zipped(
    **{
        "年报/lamp.md": f"# Lamp\n\n{LAMP}",
        "dues.csv": "quay,due\nLantern,412\n",
        "empty.txt": "",
        "photo.png": b"\x89PNG",
        "older.zip": zipped(**{"old.txt": "It was built in 1911.\n"}),
        "__MACOSX/._lamp.md": b"\x00",
    }
)


def names(documents: Documents) -> list[str]:
    return [line.name for line in documents.all().documents if line.archive]


def test_each_file_of_an_archive_is_a_document(upload: Upload, documents: Documents) -> None:
    stored = upload("reports.zip", REPORTS)
    assert (stored.outcome, stored.name, stored.documents) == ("stored", "reports.zip", 4)
    assert names(documents) == [
        "reports.zip/dues.csv",
        "reports.zip/empty.txt",
        "reports.zip/older.zip/old.txt",
        "reports.zip/年报/lamp.md",
    ]
    ignored = {one.name: one.reason for one in documents.all().ignored}
    assert ignored == {"reports.zip/photo.png": ".png: not a format that is read"}
    text = documents.whole_text(document_key("reports.zip/older.zip/old.txt"))
    assert text == "It was built in 1911.\n"
    line = documents.get(document_key("reports.zip/年报/lamp.md"))
    assert (line.archive, line.bytes) == ("reports.zip", len(f"# Lamp\n\n{LAMP}"))


def test_a_bad_file_in_an_archive_stops_no_other(upload: Upload, folder: Path) -> None:
    upload("reports.zip", REPORTS)
    (failure,) = Workspace(folder).do("chunk").states["parse"].failures
    assert failure.subject == "reports.zip/empty.txt"
    assert "holds no text" in failure.reason


def test_a_correction_outlives_another_file_s_change(upload: Upload, documents: Documents) -> None:
    upload("reports.zip", REPORTS)
    key = document_key("reports.zip/年报/lamp.md")
    version = documents.get(key).version
    documents.revise(key, "# Lamp\n\nIt was lit on 4 May 2031.\n", expected=version)
    newer = zipped(**{"年报/lamp.md": f"# Lamp\n\n{LAMP}", "dues.csv": "quay,due\nLantern,438\n"})
    assert upload("reports.zip", newer, replace=True).outcome == "replaced"
    assert "4 May" in documents.whole_text(key)
    assert "438" in documents.whole_text(document_key("reports.zip/dues.csv"))
    assert len(names(documents)) == 2


def test_a_document_in_an_archive_goes_with_the_archive_only(
    upload: Upload, documents: Documents, folder: Path
) -> None:
    upload("reports.zip", REPORTS)
    key = document_key("reports.zip/dues.csv")
    with pytest.raises(Conflict, match=r"part of the archive reports\.zip"):
        documents.delete(key)
    assert documents.file(key) == folder / "documents" / "reports.zip"
    documents.delete(key, with_archive=True)
    assert names(documents) == []


def test_chinese_names_that_windows_wrote_are_read(upload: Upload, documents: Documents) -> None:
    data = zipped(**{"XXXX.txt": LAMP}).replace(b"XXXX", "年报".encode("gb18030"))
    upload("gbk.zip", data)
    assert names(documents) == ["gbk.zip/年报.txt"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK\x03\x04 nothing more", "not a whole zip archive"),
        (b"no archive", "not a whole zip archive"),
        (zipped(**{"a.png": b"\x89PNG"}), "holds no document that can be read"),
        (zipped(), "holds no document that can be read"),
    ],
)
def test_an_archive_of_no_use_is_refused(
    upload: Upload, folder: Path, content: bytes, reason: str
) -> None:
    refused = upload("reports.zip", content)
    assert (refused.outcome, reason in refused.reason) == ("refused", True), refused.reason
    assert not (folder / "documents" / "reports.zip").exists()


def test_archives_within_archives_are_opened_to_a_small_depth(
    upload: Upload, documents: Documents
) -> None:
    deep = zipped(**{"a.txt": LAMP})
    for _ in range(4):
        deep = zipped(**{"in.zip": deep, "b.txt": LAMP})
    upload("deep.zip", deep)
    assert names(documents) == [
        "deep.zip/b.txt",
        "deep.zip/in.zip/b.txt",
        "deep.zip/in.zip/in.zip/b.txt",
    ]
    (ignored,) = documents.all().ignored
    assert ignored.reason == "an archive too deep in other archives"


def test_an_office_file_named_like_an_archive_is_sent_back(upload: Upload) -> None:
    body = '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"/>'
    refused = upload("minutes.zip", zipped(**{"word/document.xml": body}))
    assert refused.outcome == "refused"
