"""Documents: files of many formats and encodings become text with a title and headings.

A new format is one file with a `Parser` and one line in `AnyParser` and `PARSERS`.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field

from loresmith.component import any_instance_of
from loresmith.documents.base import Parser
from loresmith.documents.docx import DocxParser
from loresmith.documents.folder import Ignored, Listing, list_folder
from loresmith.documents.html import HtmlParser
from loresmith.documents.markdown import MarkdownParser
from loresmith.documents.pdf import PdfParser
from loresmith.documents.plain import PlainTextParser
from loresmith.errors import DocumentError
from loresmith.records import Document

__all__ = [
    "PARSERS",
    "AnyParser",
    "DocxParser",
    "HtmlParser",
    "Ignored",
    "Listing",
    "MarkdownParser",
    "Parser",
    "PdfParser",
    "PlainTextParser",
    "find_documents",
    "parse_document",
]

AnyParser = Annotated[
    Annotated[
        PlainTextParser | MarkdownParser | HtmlParser | DocxParser | PdfParser,
        Field(discriminator="type"),
    ],
    any_instance_of(Parser),
]
PARSERS: tuple[Parser, ...] = (
    PlainTextParser(),
    MarkdownParser(),
    HtmlParser(),
    DocxParser(),
    PdfParser(),
)
"""One parser of each format, with the default settings."""


def find_documents(folder: Path, *, parsers: Sequence[Parser] = PARSERS) -> Listing:
    """The documents of `folder` that `parsers` can read, and the other files with reasons.

    Raises DocumentError where the folder does not exist.
    """
    return list_folder(folder, suffixes=[suffix for p in parsers for suffix in p.suffixes])


def parse_document(
    path: Path, *, name: str | None = None, parsers: Sequence[Parser] = PARSERS
) -> Document:
    """Reads a file with the parser that its content asks for, or else its suffix.

    `name` is what the document is called from here on; by default the file's own name. Raises
    DocumentError, with one message that names the document, for whatever is wrong with the file.
    """
    name = path.name if name is None else name
    suffix = path.suffix.lower()
    true_suffix = _suffix_by_content(path) or suffix
    parser = next((parser for parser in parsers if true_suffix in parser.suffixes), None)
    if parser is None:
        known = ", ".join(suffix for parser in parsers for suffix in parser.suffixes)
        raise DocumentError(
            f"{name} has a format that is not read", hint=f"Formats that are read: {known}."
        )
    document = parser.parse(path, name=name)
    if suffix in parser.suffixes:
        return document
    warning = f"the file is named {suffix or 'without a suffix'}, but its content is {true_suffix}"
    return document.model_copy(update={"warnings": (warning, *document.warnings)})


def _suffix_by_content(path: Path) -> str:
    """`.pdf` or `.docx` where the file begins like one; "" for all else and for what is missing."""
    try:
        with path.open("rb") as file:
            head = file.read(1024)
        if head.lstrip().startswith(b"%PDF-"):
            return ".pdf"
        if head.startswith(b"PK\x03\x04"):
            with zipfile.ZipFile(path) as archive:
                return ".docx" if "word/document.xml" in archive.namelist() else ""
    except (OSError, zipfile.BadZipFile):
        return ""
    return ""
