"""Scanned PDFs for tests: pages that are pictures, each with as many black bars as its number."""

from __future__ import annotations

import base64
import io
from typing import Any

from PIL import Image, ImageDraw
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen import canvas


def scanned_pdf(*pages: str | None) -> bytes:
    """A PDF with a page for each of `pages`: a text is printed as such; None is a scanned page."""
    file = io.BytesIO()
    sheet = canvas.Canvas(file, pagesize=A4)
    for number, text in enumerate(pages, 1):
        if text is None:
            sheet.drawImage(ImageReader(picture_of(number)), 0, 0, *A4)
        else:
            for line, words in enumerate(text.split("\n")):
                sheet.drawString(70, 700 - 14 * line, words)
        sheet.showPage()
    sheet.save()
    return file.getvalue()


def picture_of(number: int) -> Any:
    """A white page with `number` black bars across it."""
    picture = Image.new("L", (600, 850), 255)
    draw = ImageDraw.Draw(picture)
    for bar in range(number):
        draw.rectangle((50, 60 + 60 * bar, 550, 90 + 60 * bar), fill=0)
    return picture


def bars_on(png: bytes) -> int:
    """How many bars a picture shows: what a model that sees would count."""
    picture = Image.open(io.BytesIO(png)).convert("L")
    middle = [picture.getpixel((picture.width // 2, y)) < 128 for y in range(picture.height)]
    return sum(dark and not before for before, dark in zip([False, *middle], middle, strict=False))


def bars_asked_about(messages: list[dict[str, Any]]) -> int:
    """The bars on the picture of a request in OpenAI's form."""
    parts = next(one["content"] for one in messages if isinstance(one["content"], list))
    url = next(part["image_url"]["url"] for part in parts if part["type"] == "image_url")
    kind, _, encoded = url.partition(";base64,")
    assert kind == "data:image/png"
    return bars_on(base64.b64decode(encoded))
