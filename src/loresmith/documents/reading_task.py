"""What one process asks another to read, and what that answers: one line of JSON each."""

from __future__ import annotations

import os
from pathlib import Path

from loresmith.documents import PARSERS, parse_bytes
from loresmith.documents.archive import ArchiveLimits, Member, read_member
from loresmith.documents.base import Parser, read_bytes
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

    def parsers(self) -> list[Parser]:
        """One of each format, with these limits."""
        limits = {"max_bytes": self.max_bytes, "max_expanded_bytes": self.max_expanded_bytes}
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


class ReadingAnswer(Record):
    """What became of a task: a document, or why there is none."""

    document: Document | None = None
    message: str = ""
    hint: str = ""
    out_of_memory: bool = False
