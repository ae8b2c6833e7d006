"""Zip archives of documents: each file in one is a document called `archive.zip/inner.txt`.

Nothing is unpacked to disk. Archives in archives are opened to a small depth, and all that they
would unpack to counts towards one limit.
"""

from __future__ import annotations

import hashlib
import stat
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from loresmith.documents.base import read_bytes
from loresmith.documents.folder import can_be_shown, shown_name
from loresmith.documents.true_suffix import suffix_by_content
from loresmith.documents.zipped import opened_zip, refuse_bomb
from loresmith.errors import DocumentError
from loresmith.records import Record

ARCHIVE_SUFFIXES = (".zip",)


class Member(Record):
    """A file in an archive."""

    name: str
    """The archive's name, then the path in it, with forward slashes."""
    steps: tuple[int, ...]
    """Its number in the list of the archive; in an archive within, first that archive's."""
    size: int
    """In bytes."""
    sha256: str


class PassedOver(NamedTuple):
    """A file in an archive that is not read, and why."""

    name: str
    reason: str


class Contents(NamedTuple):
    """What an archive holds."""

    members: tuple[Member, ...]
    """In the order of their names."""
    passed_over: tuple[PassedOver, ...]


class ArchiveLimits(NamedTuple):
    """What an archive may hold, in bytes."""

    max_bytes: int
    """The archive itself, and each file in it."""
    max_expanded_bytes: int
    """All files in it together."""


def is_archive(path: Path) -> bool:
    """Whether the file is named like an archive."""
    return path.suffix.lower() in ARCHIVE_SUFFIXES


def contents_of(
    path: Path, *, name: str, suffixes: Sequence[str], limits: ArchiveLimits
) -> Contents | None:
    """The files of an archive that have one of `suffixes`, and the others with reasons; None where
    it is an Office file or a book, only named like an archive.

    Raises DocumentError where the archive is broken, locked, unpacks to too much, or holds nothing
    that can be read.
    """
    data = read_bytes(path, name=name, max_bytes=limits.max_bytes)
    if suffix_by_content(data):
        return None
    search = _Search(suffixes, limits, name)
    search.look_into(data, name, ())
    if not search.members:
        reasons = "".join(f"\n{one.name}: {one.reason}" for one in search.passed_over[:5])
        raise DocumentError(
            f"{name} holds no document that can be read",
            hint=f"Put files of these formats into it: {', '.join(suffixes)}.{reasons}",
        )
    ordered = sorted(search.members, key=lambda member: member.name)
    return Contents(tuple(ordered), tuple(search.passed_over))


def read_member(path: Path, member: Member, *, limits: ArchiveLimits) -> bytes:
    """The bytes of a file in an archive. Raises DocumentError."""
    data = read_bytes(path, name=member.name, max_bytes=limits.max_bytes)
    try:
        for step in member.steps:
            with opened_zip(data, name=member.name) as archive:
                part = archive.infolist()[step]
                refuse_bomb(part.file_size, limits.max_expanded_bytes, name=member.name)
                data = archive.read(part)
    except (*_BROKEN, IndexError) as error:
        raise _broken(member.name, error) from None
    return data


_DEEPEST = 3
"""How many archives may lie in one another."""
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, ValueError)
"""What zipfile raises on archives that are damaged, or packed in ways that it does not know."""
_MARKED_UTF8 = 0x800


def _broken(name: str, error: BaseException) -> DocumentError:
    return DocumentError(
        f"{name} is not a whole zip archive: {error}",
        hint="It may be cut short or damaged. Pack or copy it anew.",
    )


class _Search:
    """Goes through an archive, and through those in it."""

    def __init__(self, suffixes: Sequence[str], limits: ArchiveLimits, name: str) -> None:
        self.members: list[Member] = []
        self.passed_over: list[PassedOver] = []
        self._suffixes = suffixes
        self._limits = limits
        self._name = name
        self._expanded = 0

    def look_into(self, data: bytes, name: str, steps: tuple[int, ...]) -> None:
        """Notes the files of one archive; raises DocumentError where it cannot be trusted."""
        try:
            with opened_zip(data, name=name) as archive:
                parts = archive.infolist()
                self._expanded += sum(part.file_size for part in parts)
                refuse_bomb(self._expanded, self._limits.max_expanded_bytes, name=self._name)
                taken: set[str] = set()
                for number, part in enumerate(parts):
                    if not part.is_dir():
                        path = _path(part)
                        reason = self._reason_to_ignore(part, path, taken, len(steps))
                        taken.add(path)
                        if reason:
                            self._pass_over(name, path, reason)
                        else:
                            self._note(archive, part, f"{name}/{path}", (*steps, number))
        except _BROKEN as error:
            raise _broken(name, error) from None

    def _note(
        self, archive: zipfile.ZipFile, part: zipfile.ZipInfo, name: str, steps: tuple[int, ...]
    ) -> None:
        if not name.lower().endswith(ARCHIVE_SUFFIXES):
            self.members.append(
                Member(
                    name=name,
                    steps=steps,
                    size=part.file_size,
                    sha256=_sha256(archive, part),
                )
            )
            return
        try:
            self.look_into(archive.read(part), name, steps)
        except DocumentError as error:
            if self._expanded > self._limits.max_expanded_bytes:
                raise
            self.passed_over.append(PassedOver(name, error.message))

    def _pass_over(self, name: str, path: str, reason: str) -> None:
        """Notes a file that is not read, unless it is one that nobody looks for."""
        if reason != _HIDDEN:
            self.passed_over.append(PassedOver(f"{name}/{shown_name(path)}", reason))

    def _reason_to_ignore(
        self, part: zipfile.ZipInfo, path: str, taken: set[str], depth: int
    ) -> str:
        pieces = path.split("/")
        if path.startswith("/") or ".." in pieces or ":" in pieces[0]:
            return "a path that leads out of the archive"
        if not can_be_shown(path):
            return "a name with characters that cannot be seen"
        if stat.S_ISLNK(part.external_attr >> 16):
            return "a link"
        if any(piece.startswith((".", "~$", _SYSTEM)) for piece in pieces):
            return _HIDDEN
        if path in taken:
            return "a second file of the same name"
        suffix = Path(path).suffix.lower()
        if suffix in ARCHIVE_SUFFIXES and depth + 1 >= _DEEPEST:
            return "an archive too deep in other archives"
        if suffix not in (*self._suffixes, *ARCHIVE_SUFFIXES):
            return f"{suffix or 'files without a suffix'}: not a format that is read"
        if part.flag_bits & 1:
            return "protected by a password"
        if part.file_size > self._limits.max_bytes:
            return f"too large: {part.file_size:,} bytes"
        return ""


_SYSTEM = "__MACOSX"
_HIDDEN = "a hidden file"


def _path(part: zipfile.ZipInfo) -> str:
    """The path in the archive; Chinese systems write it in GBK, though it should be cp437."""
    path = part.orig_filename
    if not part.flag_bits & _MARKED_UTF8:
        raw = path.encode("cp437", errors="replace")
        for encoding in ("utf-8", "gb18030"):
            try:
                path = raw.decode(encoding)
                break
            except UnicodeDecodeError:
                continue
    return path.replace("\\", "/")


def _sha256(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> str:
    """The content's hash; of a damaged file, of what it should be: reading it will say so."""
    digest = hashlib.sha256()
    try:
        with archive.open(part) as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
    except _BROKEN:
        return f"damaged: {part.CRC:08x}"
    return digest.hexdigest()
