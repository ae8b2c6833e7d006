"""Tells what a file is by how it begins, whatever its name says."""

from __future__ import annotations

import zipfile
import zlib

from loresmith.documents.zipped import opened_zip
from loresmith.errors import DocumentError


def suffix_by_content(data: bytes) -> str:
    """The suffix of a PDF, an Office file or a book; "" for all else, plain archives among it."""
    if data[:1024].lstrip().startswith(b"%PDF-"):
        return ".pdf"
    if not data.startswith(b"PK\x03\x04"):
        return ""
    try:
        with opened_zip(data, name="") as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, zlib.error, ValueError, DocumentError):
        return ""
    return next((suffix for part, suffix in _BY_PART.items() if part in names), "")


_BY_PART = {
    "word/document.xml": ".docx",
    "xl/workbook.xml": ".xlsx",
    "ppt/presentation.xml": ".pptx",
    "META-INF/container.xml": ".epub",
}
