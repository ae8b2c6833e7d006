"""About thirty files that are broken, or made to do harm, each written by a few lines.

`write_all` fills a folder with them; docs/reference/documents.md tells what becomes of each.
"""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_LAUGHS = (
    '<!DOCTYPE lolz [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in pairwise("abcdefghi"))
    + "]>"
)
_SECRET = "TOP-SECRET"


class Hostile(NamedTuple):
    """One of the files."""

    name: str
    what: str
    """What is wrong with it, for the reference page."""
    write: Callable[[Path], object]

    @property
    def shown(self) -> str:
        """Its name as it is told."""
        return self.name.replace("\x1b", "?")


def write_all(folder: Path) -> Path:
    """Writes every file into `folder/documents`, with a secret beside it; returns `folder`."""
    documents = folder / "documents"
    documents.mkdir(parents=True)
    (folder / "secret.txt").write_text(_SECRET, encoding="utf-8")
    for one in HOSTILE_FILES:
        one.write(documents / one.name)
    return folder


def zipped(*parts: tuple[str, str | bytes]) -> bytes:
    """A zip archive of these files."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts:
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def _bytes(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def _zip(*parts: tuple[str, str | bytes]) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(zipped(*parts))


def _cut(*parts: tuple[str, str | bytes]) -> Callable[[Path], object]:
    whole = zipped(*parts, ("more.xml", "<x/>" * 500))
    return _bytes(whole[: len(whole) // 2])


def _huge(name: str, megabytes: int = 300) -> Callable[[Path], object]:
    """An archive of a few hundred kilobytes whose one part unpacks to hundreds of megabytes."""

    def write(path: Path) -> None:
        with (
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
            archive.open(name, "w") as part,
        ):
            for _ in range(megabytes):
                part.write(bytes(1_000_000))

    return write


def _nested_bomb(path: Path) -> None:
    inner = zipped(("zeros.txt", bytes(60_000_000)))
    path.write_bytes(zipped(*((f"{number}.zip", inner) for number in range(8))))


def _locked_zip(path: Path) -> None:
    data = bytearray(zipped(("minutes.txt", "The lamp was lit in 1911.")))
    data[6] |= 1  # the flag of encryption, in the file's own header and in the list of files
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(data))


def _links_and_paths(path: Path) -> None:
    link = zipfile.ZipInfo("link.txt")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(link, "../secret.txt")
        for name in ("../../escape.txt", "/etc/absolute.txt", "C:/windows.txt", "a\x1b[2Jb.txt"):
            archive.writestr(zipfile.ZipInfo(name), "out of the archive")
        archive.writestr("good.txt", "The lamp was lit in 1911.")
    path.write_bytes(file.getvalue())


def _pdf(*objects: bytes) -> bytes:
    """A PDF whose objects these are; its first is the catalogue."""
    text, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(text))
        text += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    return text + head + table + end % (len(objects) + 1, len(text))


_LOOP = _pdf(
    b"<< /Type /Catalog /Pages 2 0 R >>",
    b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 1000000 >>",
)
_SCANNED = _pdf(
    b"<< /Type /Catalog /Pages 2 0 R >>",
    b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>",
)
_LOCKED_PDF = _pdf(b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Count 0 >>").replace(
    b"/Root 1 0 R",
    b"/Root 1 0 R /Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O ("
    + b"o" * 32
    + b") /U ("
    + b"u" * 32
    + b") >> /ID [(a) (a)]",
)
_BODY = (
    f'<w:document xmlns:w="{_W}"><w:body><w:p><w:r><w:t>{{}}</w:t></w:r></w:p></w:body>'
    "</w:document>"
)
_EXTERNAL = '<!DOCTYPE x [<!ENTITY leak SYSTEM "../secret.txt">]>'
_OPF = '<package xmlns="http://www.idpf.org/2007/opf"><manifest/><spine/></package>'
_CONTAINER = (
    '<container><rootfiles xmlns="u"><rootfile full-path="../../book.opf"/></rootfiles></container>'
)

HOSTILE_FILES: tuple[Hostile, ...] = (
    Hostile(
        "bomb.docx", "300 MB of nothing as the text of a Word file", _huge("word/document.xml")
    ),
    Hostile("bomb.epub", "300 MB of nothing in a book", _huge("META-INF/container.xml")),
    Hostile("bomb.pptx", "300 MB of nothing in slides", _huge("ppt/presentation.xml")),
    Hostile("bomb.xlsx", "300 MB of nothing as a workbook", _huge("xl/workbook.xml")),
    Hostile("bomb.zip", "300 MB of nothing, zipped", _huge("zeros.txt")),
    Hostile("bomb-in-zips.zip", "eight archives of 60 MB each, in an archive", _nested_bomb),
    Hostile("cut.docx", "half of a Word file", _cut(("word/document.xml", _BODY.format("a")))),
    Hostile("cut.epub", "half of a book", _cut(("META-INF/container.xml", _CONTAINER))),
    Hostile("cut.json", "JSON that ends in the middle", _bytes(b'{"lamp": {"lit": [1911, 19')),
    Hostile("cut.pdf", "the first bytes of a PDF", _bytes(b"%PDF-1.7\n1 0 obj\n<< /Type /Cat")),
    Hostile("cut.pptx", "half of a presentation", _cut(("ppt/presentation.xml", "<x/>"))),
    Hostile("cut.xlsx", "half of a workbook", _cut(("xl/workbook.xml", "<x/>"))),
    Hostile("cut.zip", "half of an archive", _cut(("a.txt", "a"))),
    Hostile(
        "deep.html", "50,000 elements in one another", _bytes(b"<div>" * 50_000 + b"Lamp lit.")
    ),
    Hostile("deep.json", "100,000 lists in one another", _bytes(b"[" * 100_000 + b"]" * 100_000)),
    Hostile("\x1b[2Jescape.txt", "orders to a terminal in its name", _bytes(b"Lamp lit.")),
    Hostile(
        "entities.docx",
        "entities that grow to gigabytes",
        _zip(("word/document.xml", _LAUGHS + _BODY.format("&i;"))),
    ),
    Hostile(
        "entities.xlsx",
        "the same in a workbook, in UTF-16",
        _zip(("xl/workbook.xml", (_LAUGHS + "<x>&i;</x>").encode("utf-16"))),
    ),
    Hostile(
        "escapes.txt",
        "NULs and orders to a terminal",
        _bytes(b"\x1b[2J\x1b]0;own\x07Lamp\x00 lit."),
    ),
    Hostile(
        "external.docx",
        "an entity that reads a file beside the folder",
        _zip(("word/document.xml", _EXTERNAL + _BODY.format("&leak;"))),
    ),
    Hostile(
        "link.txt", "a link out of the folder", lambda p: p.symlink_to(p.parents[1] / "secret.txt")
    ),
    Hostile("lines.txt", "a line of 3 MB", _bytes(b"# " + b" \t" * 750_000 + b"lit " * 375_000)),
    Hostile("locked.docx", "a Word file with a password", _bytes(b"\xd0\xcf\x11\xe0" + bytes(600))),
    Hostile("locked.pdf", "a PDF with a password", _bytes(_LOCKED_PDF)),
    Hostile("locked.zip", "an archive with a password", _locked_zip),
    Hostile("loop.pdf", "a PDF whose list of pages contains itself", _bytes(_LOOP)),
    Hostile(
        "lost.txt",
        "UTF-8 with three broken characters",
        _bytes("灯塔".encode() * 20 + b"\xff, \xe4\xba, \xfe"),
    ),
    Hostile(
        "noise.txt", "a program, named like a text", _bytes(b"\x7fELF" + bytes(range(256)) * 20)
    ),
    Hostile("nothing.md", "an empty file", _bytes(b"")),
    Hostile(
        "outside.epub",
        "a book whose list of files lies outside of it",
        _zip(("META-INF/container.xml", _CONTAINER), ("book.opf", _OPF)),
    ),
    Hostile("paths.zip", "paths out of the archive, a link, an invisible name", _links_and_paths),
    Hostile(
        "quote.csv",
        "a quotation mark that is never closed",
        _bytes(b'pipe,metres\n"5 inch,12\n6 inch,14\n'),
    ),
    Hostile("scanned.pdf", "a page without a text layer", _bytes(_SCANNED)),
    Hostile(
        "word.txt",
        "a Word file, named like a text",
        _zip(("word/document.xml", _BODY.format("Lamp lit."))),
    ),
)
"""In the order of what their names say."""


def read_all(folder: Path) -> dict[str, str]:
    """What the step of the real work makes of the files in `folder`: for each document or file
    that is passed over, by its name, a sentence."""
    from loresmith import Workspace
    from loresmith.workspace.steps.parse import documents, passed_over

    workspace = Workspace(folder)
    failures = workspace.do("parse").states["parse"].failures
    told = {failure.subject: f"refused: {failure.reason}" for failure in failures}
    with workspace.opened() as context:
        told |= {one.name: f"passed over: {one.reason}" for one in passed_over(context)}
        for document in documents(context):
            warnings = "".join(f"; {warning}" for warning in document.warnings)
            told[document.name] = f"read, {len(document.text):,} characters{warnings}"
    return dict(sorted(told.items()))
