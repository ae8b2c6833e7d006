"""Documents: files of many formats and encodings become text with a title and headings.

A new format is one file with a `Parser` and one line in the union below.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, get_args

from pydantic import Field

from loresmith.component import any_instance_of
from loresmith.documents.archive import ARCHIVE_SUFFIXES
from loresmith.documents.base import Parser, read_bytes
from loresmith.documents.csv_table import CsvParser
from loresmith.documents.docx import DocxParser
from loresmith.documents.epub import EpubParser
from loresmith.documents.folder import Ignored, Listing, list_folder
from loresmith.documents.html import HtmlParser
from loresmith.documents.json_text import JsonParser
from loresmith.documents.markdown import MarkdownParser
from loresmith.documents.pdf import PdfParser
from loresmith.documents.plain import PlainTextParser
from loresmith.documents.pptx import PptxParser
from loresmith.documents.source_code import SourceCodeParser
from loresmith.documents.true_suffix import suffix_by_content
from loresmith.documents.xlsx import XlsxParser
from loresmith.errors import DocumentError
from loresmith.records import Document

__all__ = [
    "PARSERS",
    "AnyParser",
    "CsvParser",
    "DocxParser",
    "EpubParser",
    "HtmlParser",
    "Ignored",
    "JsonParser",
    "Listing",
    "MarkdownParser",
    "Parser",
    "PdfParser",
    "PlainTextParser",
    "PptxParser",
    "SourceCodeParser",
    "XlsxParser",
    "find_documents",
    "parse_bytes",
    "parse_document",
    "parser_of",
    "readable_suffixes",
]

_BuiltIn = (
    PlainTextParser
    | MarkdownParser
    | HtmlParser
    | DocxParser
    | PdfParser
    | PptxParser
    | XlsxParser
    | CsvParser
    | EpubParser
    | JsonParser
    | SourceCodeParser
)
AnyParser = Annotated[
    Annotated[_BuiltIn, Field(discriminator="type")],
    any_instance_of(Parser),
]
PARSERS: tuple[Parser, ...] = tuple(member() for member in get_args(_BuiltIn))
"""One parser of each format, with the default settings."""


def readable_suffixes(parsers: Sequence[Parser] = PARSERS) -> tuple[str, ...]:
    """The endings of files that `parsers` can read, and of archives of such files."""
    return (*(suffix for parser in parsers for suffix in parser.suffixes), *ARCHIVE_SUFFIXES)


def find_documents(folder: Path, *, parsers: Sequence[Parser] = PARSERS) -> Listing:
    """The files of `folder` that `parsers` can read, archives of such files, and the other files
    with reasons.

    Raises DocumentError where the folder does not exist.
    """
    return list_folder(folder, suffixes=readable_suffixes(parsers))


def parse_document(
    path: Path, *, name: str | None = None, parsers: Sequence[Parser] = PARSERS
) -> Document:
    """Reads a file with the parser that its content asks for, or else its suffix.

    `name` is what the document is called from here on; by default the file's own name. Raises
    DocumentError, with one message that names the document, for whatever is wrong with the file.
    This is done here and now: `DocumentFolder.read` sets limits of time and memory.
    """
    name = path.name if name is None else name
    most = max(parser.max_bytes for parser in parsers)
    return parse_bytes(read_bytes(path, name=name, max_bytes=most), name=name, parsers=parsers)


def parse_bytes(data: bytes, *, name: str, parsers: Sequence[Parser] = PARSERS) -> Document:
    """Like `parse_document`, for a file whose content is at hand."""
    suffix = Path(name).suffix.lower()
    parser, true_suffix = parser_of(data, name=name, parsers=parsers)
    document = parser.parse_bytes(data, name=name)
    if suffix in parser.suffixes:
        return document
    warning = f"the file is named {suffix or 'without a suffix'}, but its content is {true_suffix}"
    return document.model_copy(update={"warnings": (warning, *document.warnings)})


def parser_of(data: bytes, *, name: str, parsers: Sequence[Parser] = PARSERS) -> tuple[Parser, str]:
    """Who reads this content, and the suffix that it should have; raises DocumentError."""
    true_suffix = suffix_by_content(data) or Path(name).suffix.lower()
    for parser in parsers:
        if true_suffix in parser.suffixes:
            return parser, true_suffix
    known = ", ".join(readable_suffixes(parsers))
    raise DocumentError(
        f"{name} has a format that is not read", hint=f"Formats that are read: {known}."
    )
