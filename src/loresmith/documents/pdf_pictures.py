"""Pages of a PDF as pictures, for a model to read those that have no text of their own."""

from __future__ import annotations

import base64
import math
import struct
import zlib

from loresmith.documents.pdf import PDFIUM, opened_pdf
from loresmith.documents.pdf_lines import lines_of_characters
from loresmith.errors import DocumentError
from loresmith.records import Record

_SHARPEST = 200 / 72
"""Pixels for each point of a page: 200 dots an inch."""
_LEAST_PIXELS_A_SIDE = 16


class DrawnPage(Record):
    """A page as a PNG file, in shades of grey."""

    png: str
    """The file, in Base64."""
    width: int
    """In pixels."""
    height: int


def silent_pages(data: bytes, *, name: str) -> tuple[int, ...]:
    """The numbers, from 1, of the pages that have no text layer. Raises DocumentError."""
    import pypdfium2

    silent = []
    with PDFIUM, opened_pdf(data, name=name) as document:
        for number in range(1, len(document) + 1):
            try:
                if not lines_of_characters(document[number - 1].get_textpage()):
                    silent.append(number)
            except pypdfium2.PdfiumError:
                continue  # damaged: there is nothing to see either
    return tuple(silent)


def page_picture(data: bytes, number: int, *, name: str, max_pixels: int) -> DrawnPage:
    """Page `number` (from 1) with at most `max_pixels`. Raises DocumentError."""
    import pypdfium2

    with PDFIUM, opened_pdf(data, name=name) as document:
        try:
            page = document[number - 1]
            width, height = page.get_size()
            scale = min(_SHARPEST, math.sqrt(max_pixels / max(width * height, 1.0)))
            if min(width, height) * scale < _LEAST_PIXELS_A_SIDE:
                raise DocumentError(f"page {number} of {name} is too narrow to be drawn")
            # PDFium rounds up: a pixel less on each side keeps within the limit.
            scale = min(scale, (width * scale - 1) / width, (height * scale - 1) / height)
            bitmap = page.render(scale=scale, grayscale=True)
            png = _png(bytes(bitmap.buffer), bitmap.width, bitmap.height, bitmap.stride)
            drawn = DrawnPage(
                png=base64.b64encode(png).decode(), width=bitmap.width, height=bitmap.height
            )
        except pypdfium2.PdfiumError as error:
            raise DocumentError(f"page {number} of {name} cannot be drawn: {error}") from None
    return drawn


def _png(shades: bytes, width: int, height: int, stride: int) -> bytes:
    """A PNG file of 8 bits a pixel (ISO/IEC 15948): each row begins with the filter 0, none."""
    rows = b"".join(b"\0" + shades[row * stride : row * stride + width] for row in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in parts)


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)
