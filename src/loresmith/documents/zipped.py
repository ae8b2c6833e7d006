"""Opens the zip archives that Office files and books are, so that none of them can do harm.

Nothing is ever written to disk. What a file would unpack to is known before it is unpacked, and
Python's zipfile reads no part beyond the size that it declares.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING
from xml.etree import ElementTree
from xml.parsers import expat

from pydantic import Field

from loresmith.documents.base import Parser
from loresmith.errors import DocumentError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MOST_EXPANDED = 200_000_000
"""Bytes that a file may unpack to unless the recipe allows more."""
MOST_PARTS = 20_000
"""Files in one archive: a list of more fills memory by itself."""


class ZippedParser(Parser):
    """A parser of files that are zip archives of XML."""

    max_expanded_bytes: int = Field(default=MOST_EXPANDED, gt=0)
    """Largest size of the file's text parts once unpacked, in bytes: guards against zip bombs."""

    @contextmanager
    def opened(self, data: bytes, *, name: str, body: str) -> Iterator[Parts]:
        """The parts of a file that must have one called `body`. What is broken in it, also in the
        caller's reading of it, is raised as a DocumentError."""
        suffix = self.suffixes[0]
        if data.startswith(_OLD_OFFICE):
            raise DocumentError(
                f"{name} is not a {suffix} file, but an old or password-protected Office file",
                hint=f"In Office or LibreOffice, save it as {suffix}, without a password.",
            )
        try:
            with opened_zip(data, name=name) as archive:
                parts = Parts(archive, name=name)
                if body not in parts.names:
                    raise DocumentError(
                        f"{name} is a zip archive, but not a {suffix} file (it holds no {body})",
                        hint="Save it anew in the program that it comes from.",
                    )
                parts.refuse_harm(self.max_expanded_bytes)
                yield parts
        except BROKEN as error:
            raise DocumentError(
                f"{name} is not a whole {suffix} file: {_reason(error)}",
                hint="It may be cut short or damaged. Save or copy it anew.",
            ) from None


class Parts:
    """The parts of an opened archive, by their names."""

    def __init__(self, archive: zipfile.ZipFile, *, name: str) -> None:
        self.archive = archive
        self.names = frozenset(archive.namelist())
        self._name = name

    def refuse_harm(self, limit: int) -> None:
        """Raises DocumentError where the parts would unpack to more than `limit`, pictures apart,
        or where one of them is locked or declares entities of its own."""
        read = [part for part in self.archive.infolist() if not _is_picture(part)]
        refuse_bomb(sum(part.file_size for part in read), limit, name=self._name)
        if any(part.flag_bits & 1 for part in read):
            raise DocumentError(
                f"{self._name} is protected by a password",
                hint="Save a copy without a password and use that.",
            )
        for part in read:
            with self.archive.open(part) as file:
                _refuse_entities(file, name=self._name)

    def read(self, part: str) -> bytes:
        """The bytes of a part; raises KeyError where there is none."""
        return self.archive.read(part)

    def xml(self, part: str) -> Element:
        """The root of an XML part; raises KeyError, and ParseError where it is broken."""
        return ElementTree.fromstring(self.read(part))

    def related(self, part: str) -> dict[str, str]:
        """The parts that an Office part refers to, by the id of the reference; links to the outside
        are not among them."""
        folder, file = posixpath.split(part)
        place = f"{folder}/_rels/{file}.rels"
        if place not in self.names:
            return {}
        return {
            one.get("Id", ""): resolved(folder, one.get("Target", ""))
            for one in self.xml(place)
            if one.get("TargetMode") != "External"
        }

    def own_title(self) -> str:
        """The title among an Office file's properties; "" where there is none."""
        if _CORE not in self.names:
            return ""
        return self.xml(_CORE).findtext(_TITLE) or ""


@contextmanager
def opened_zip(data: bytes, *, name: str) -> Iterator[zipfile.ZipFile]:
    """The archive in `data`; raises DocumentError where it lists more than `MOST_PARTS` files."""
    if data.count(b"PK\x01\x02") > MOST_PARTS:  # in the list of files, one for each
        raise DocumentError(
            f"{name} lists more than {MOST_PARTS:,} files",
            hint="Unpack it, and take what you need.",
        )
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        yield archive


def refuse_bomb(expanded: int, limit: int, *, name: str) -> None:
    """Raises DocumentError where `expanded` bytes are more than `limit`."""
    if expanded > limit:
        raise DocumentError(
            f"{name} would unpack to more than {limit:,} bytes",
            hint="If you trust the file, raise documents.max_expanded_bytes.",
        )


def resolved(folder: str, target: str) -> str:
    """The name of the part at `target`, seen from `folder`; it may lead nowhere, never outside."""
    path = target.lstrip("/") if target.startswith("/") else f"{folder}/{target}"
    return posixpath.normpath(path).lstrip("/")


BROKEN = (  # what zipfile, expat and those who read what they give raise on damaged files
    zipfile.BadZipFile,
    zlib.error,
    ElementTree.ParseError,
    expat.ExpatError,
    EOFError,
    OSError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    RuntimeError,
)
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_CORE = "docProps/core.xml"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_PICTURES = (
    *(".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".emf", ".wmf", ".wdp", ".webp"),
    *(".bin", ".ttf", ".otf", ".woff", ".woff2", ".odttf", ".fntdata", ".mp3", ".mp4", ".m4a"),
)
_NOT_DENSE = 20
"""Pictures, fonts and films are packed in themselves: none shrinks to a part as small as this."""


def _is_picture(part: zipfile.ZipInfo) -> bool:
    """Whether nobody reads the part here; what is only named like a picture is not one."""
    named = part.filename.lower().endswith(_PICTURES)
    return named and part.file_size <= _NOT_DENSE * part.compress_size


class _FirstElement(Exception):
    """The part's first element was reached."""


def _refuse_entities(file: IO[bytes], *, name: str) -> None:
    """Raises DocumentError where entities are declared: before the first element, and nowhere
    else (XML 1.0, 2.8). What is no XML has none."""

    def found(*_: object) -> None:
        raise DocumentError(
            f"{name} declares XML entities, as files do that are made to do harm",
            hint="Save it anew in the program that it comes from.",
        )

    def enough(*_: object) -> None:
        raise _FirstElement

    parser = expat.ParserCreate()
    parser.EntityDeclHandler = found
    parser.StartElementHandler = enough
    try:
        while beginning := file.read(1 << 16):
            parser.Parse(beginning, False)
    except (_FirstElement, expat.ExpatError):
        return


def _reason(error: BaseException) -> str:
    if isinstance(error, LookupError):
        return "a part of it is missing"
    return str(error).strip().rstrip(".") or type(error).__name__
