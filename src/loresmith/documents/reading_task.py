"""What one process asks another to read, and what that answers: one line of JSON each."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from loresmith.documents import PARSERS, parse_bytes
from loresmith.documents.archive import ArchiveLimits, Member, read_member
from loresmith.documents.base import Parser, SeenPage, read_bytes
from loresmith.documents.pdf_pictures import DrawnPage, page_picture, silent_pages
from loresmith.records import Document, Record


class ReadingTask(Record):
    """A file to read, and what its reading may take."""

    path: str
    """Its bytes as hexadecimal digits: names of files need not be text."""
    name: str
    """What the document is called."""
    member: Member | None = None
    """The file in the archive at `path`; none where `path` is the document."""
    max_bytes: int
    max_expanded_bytes: int
    max_seconds: float
    max_memory: int
    seen: tuple[SeenPage, ...] = ()
    """Texts of pages that have none of their own."""
    wanted: Literal["document", "silent pages", "picture"] = "document"
    page: int = 1
    """The page that a picture is wanted of, by its number from 1."""
    max_pixels: int = 1_500_000
    """The largest that the picture may be."""

    def parsers(self) -> list[Parser]:
        """One of each format, with these limits."""
        limits: dict[str, object] = {
            "max_bytes": self.max_bytes,
            "max_expanded_bytes": self.max_expanded_bytes,
            "seen": self.seen,
        }
        return [
            parser.model_copy(
                update={key: value for key, value in limits.items() if hasattr(parser, key)}
            )
            for parser in PARSERS
        ]

    def content(self) -> bytes:
        """The bytes of the file. Raises DocumentError."""
        path = Path(os.fsdecode(bytes.fromhex(self.path)))
        if self.member is None:
            return read_bytes(path, name=self.name, max_bytes=self.max_bytes)
        limits = ArchiveLimits(self.max_bytes, self.max_expanded_bytes)
        return read_member(path, self.member, limits=limits)

    def read(self) -> Document:
        """The document, read here and now. Raises DocumentError."""
        return parse_bytes(self.content(), name=self.name, parsers=self.parsers())

    def answer(self) -> ReadingAnswer:
        """What is wanted of the file, here and now. Raises DocumentError."""
        if self.wanted == "document":
            return ReadingAnswer(document=self.read())
        if self.wanted == "silent pages":
            return ReadingAnswer(pages=silent_pages(self.content(), name=self.name))
        drawn = page_picture(self.content(), self.page, name=self.name, max_pixels=self.max_pixels)
        return ReadingAnswer(picture=drawn)


class ReadingAnswer(Record):
    """What became of a task: what was wanted, or why it is not there."""

    document: Document | None = None
    pages: tuple[int, ...] = ()
    """Pages without text, by their numbers from 1; also of a document that has no other."""
    picture: DrawnPage | None = None
    message: str = ""
    hint: str = ""
    out_of_memory: bool = False
