"""What is told of documents: to pages, to programs, in one form."""

from __future__ import annotations

from typing import Literal

from loresmith.records import Heading, Record, Section

DocumentState = Literal["parsed", "new", "failed"]


class DocumentLine(Record):
    """One document as the list shows it."""

    key: str
    """What it is addressed by."""
    name: str
    """Path relative to the documents folder, with forward slashes."""
    state: DocumentState
    """`new`: not read yet; `failed`: it cannot be read, `failure` says why."""
    bytes: int
    """Size of the file."""
    archive: str = ""
    """The name of the zip archive that the file is in; empty for a file of its own."""
    title: str = ""
    language: str = ""
    media_type: str = ""
    characters: int = 0
    headings: int = 0
    chunks: int = 0
    """Passages by today's settings; 0 before it is cut."""
    covered: int = 0
    """Passages that have facts."""
    facts: int = 0
    """Facts written about it with today's recipe."""
    rows: int = 0
    """Rows in the list of questions: facts and their wordings, kept or not."""
    warnings: tuple[str, ...] = ()
    failure: str = ""
    revision: str = ""
    """The correction that holds; empty where the file is read as it stands."""
    version: str = ""
    """Changes with every edit and with the file: send it back when editing."""


class IgnoredFile(Record):
    """A file in the folder that is not read, and why."""

    name: str
    reason: str


class DocumentListing(Record):
    """All documents of a project."""

    documents: tuple[DocumentLine, ...]
    ignored: tuple[IgnoredFile, ...]
    supported: tuple[str, ...]
    """Endings of files that can be read."""
    max_bytes: int
    """Largest file that is read."""


class DocumentPage(Record):
    """Some of a project's documents."""

    documents: tuple[DocumentLine, ...]
    start: int
    """How many of those that match come before them."""
    found: int
    """How many match in all."""
    total: int
    """How many there are, whether they match or not."""


class Uploaded(Record):
    """What became of one uploaded file."""

    given: str
    """The name as it was sent, without characters that nobody can see."""
    name: str = ""
    """The name under which it is stored."""
    outcome: Literal["stored", "replaced", "unchanged", "refused"]
    reason: str = ""
    """Why it was refused."""
    hint: str = ""
    """What to do about it."""
    exists: bool = False
    """Refused only because there is a document of this name: it can be replaced."""
    document: DocumentLine | None = None
    """Of an archive, the first document in it."""
    documents: int = 1
    """How many documents came with it: more than one of an archive only."""


class Passage(Record):
    """A chunk and where it lies in its document."""

    id: str
    index: int
    start: int
    end: int
    repeated: int = 0
    """Characters at its beginning that the passage before holds as well."""
    context: str
    """Headings above and the header row of a table, one a line."""
    facts: int = 0
    """Facts written about it with today's recipe."""
    asked: bool = True
    """Whether the teacher is to be asked about it."""
    sections: tuple[Section, ...] = ()
    """The pages, slides, sheets or chapters of the file that it lies on."""


class TextPiece(Record):
    """A stretch of text that lies in one passage, or between two."""

    start: int
    text: str
    passage: Passage | None = None


class TextPage(Record):
    """A part of a document's text, cut at the bounds of its passages."""

    document: DocumentLine
    start: int
    end: int
    """Where the next part begins; equal to `total` at the end."""
    total: int
    pieces: tuple[TextPiece, ...]


class Outline(Record):
    """What one sees of a document at a glance."""

    document: DocumentLine
    headings: tuple[Heading, ...]
    sections: tuple[Section, ...]
    """Where pages, slides, sheets or chapters of the file begin in the text."""
    passages: tuple[Passage, ...]
    total: int
    """Characters of the text."""
