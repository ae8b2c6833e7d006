"""What every parser does alike: read a file safely, clean its text, and make a Document of it."""

from __future__ import annotations

import hashlib
import re
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar, NamedTuple

from pydantic import Field

from loresmith.component import Component, content_id
from loresmith.documents.headings import headings_of
from loresmith.errors import DocumentError
from loresmith.records import Document, Heading, Record, Section
from loresmith.text.language import language_of


class Reading(NamedTuple):
    """What a parser found in a file, before the text is cleaned."""

    text: str
    title: str = ""
    """The title that the format itself carries; empty where it carries none."""
    warnings: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()
    """Where pages, slides, sheets or chapters begin in `text`, in order."""
    unread_pages: tuple[int, ...] = ()
    """Pages without text, of which nothing was read."""


class SeenPage(Record):
    """The text of a page that has none of its own, as a model read it from a picture."""

    number: int
    """From 1."""
    text: str
    model: str


class Parser(Component, ABC):
    """Turns one file into a Document. A new format is one subclass and one line in the package."""

    version: ClassVar[str] = "1"
    """To be raised when the same bytes begin to give another text."""
    media_type: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]]
    """File name endings in lower case, with the dot."""
    opens_with_title: ClassVar[bool] = False
    """Whether a short first line, alone in its paragraph, is the title."""
    own_title_first: ClassVar[bool] = False
    """Whether the title that the format carries counts more than the first heading."""
    light_bytes: ClassVar[int] = 0
    """Up to this size, reading a file is too plain and quick to need a process of its own."""

    max_bytes: int = Field(default=64_000_000, gt=0)
    """Largest file that is read, in bytes."""

    @abstractmethod
    def read(self, data: bytes, *, name: str) -> Reading:
        """The text in `data`; raises DocumentError where it is not what it claims to be."""

    def parse(self, path: Path, *, name: str) -> Document:
        """Reads `path` as the document called `name`; raises DocumentError."""
        return self.parse_bytes(read_bytes(path, name=name, max_bytes=self.max_bytes), name=name)

    def parse_bytes(self, data: bytes, *, name: str) -> Document:
        """The document called `name` from the bytes of its file; raises DocumentError."""
        reading = self.read(data, name=name)
        text, warnings = clean(reading.text)
        if not text.strip():
            raise DocumentError(
                f"{name} holds no text",
                hint="Put text into the file, or take it out of the folder.",
            )
        headings = headings_of(text, opens_with_title=self.opens_with_title)
        naming = () if self.own_title_first else headings
        return Document(
            id=content_id(name, text, f"{type(self).__name__} {self.version}"),
            name=name,
            title=title_of(text, naming, clean(reading.title)[0], name),
            text=text,
            language=language_of(text),
            media_type=self.media_type,
            source_sha256=hashlib.sha256(data).hexdigest(),
            headings=headings,
            warnings=reading.warnings + warnings,
            sections=_in_cleaned_text(reading),
            unread_pages=reading.unread_pages,
        )


def read_bytes(path: Path, *, name: str, max_bytes: int) -> bytes:
    """The bytes of a file that exists, is not empty and not too large; else a DocumentError."""
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise DocumentError(f"{name} is a folder, not a file", hint="Name a file in it.")
        if size > max_bytes:
            raise DocumentError(
                f"{name} is too large: {size:,} bytes, and the limit is {max_bytes:,}",
                hint="Split the file, or raise the parser's max_bytes.",
            )
        data = path.read_bytes()
    except FileNotFoundError:
        raise DocumentError(
            f"{name} does not exist (looked for {path})", hint="Check the path."
        ) from None
    except OSError as error:
        raise DocumentError(
            f"{name} cannot be read: {error.strerror}", hint="Check the file's permissions."
        ) from None
    if not data:
        raise DocumentError(
            f"{name} is empty", hint="Put text into the file, or take it out of the folder."
        )
    return data


_LINE_END = re.compile(r"\r\n?|[\u2028\u2029\x85\x0b\x0c]")
_CONTROL = re.compile(
    r"\x1b\[[0-?]{0,60}[ -/]{0,8}[@-~]"  # what steers a terminal, as one piece (ECMA-48, 5.4)
    r"|\x1b\][^\x07\x1b\n]{0,500}(?:\x07|\x1b\\)"
    r"|[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]"
)


def clean(text: str) -> tuple[str, tuple[str, ...]]:
    """The text with `\\n` line ends and without control characters, and what was taken out."""
    text = _LINE_END.sub("\n", text.removeprefix("\ufeff"))
    text, removed = _CONTROL.subn("", text)
    if not removed:
        return text, ()
    characters = "1 control character" if removed == 1 else f"{removed} control characters"
    return text, (f"removed {characters} (such as NUL) from the text",)


def _in_cleaned_text(reading: Reading) -> tuple[Section, ...]:
    """The sections where they begin once the text is cleaned."""
    moved, position, before = [], 0, 0
    for section in reading.sections:
        position += len(clean(reading.text[before : section.start])[0])
        before = section.start
        moved.append(section.model_copy(update={"start": position}))
    return tuple(moved)


def title_of(text: str, headings: tuple[Heading, ...], own_title: str, name: str) -> str:
    """The heading that names the whole, else the format's own title, else the file's name."""
    if headings:
        first = headings[0]
        if first.level <= 2 or not text[: first.start].strip():
            return first.title
    return " ".join(own_title.split()) or Path(name).stem
