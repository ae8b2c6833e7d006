"""Plain text in whatever encoding it comes."""

from __future__ import annotations

from typing import ClassVar, Literal

from loresmith.documents.base import Parser, Reading
from loresmith.documents.encoding import decode


class PlainTextParser(Parser):
    """Reads text files: UTF-8, UTF-16, GB18030 and others, with any line ends."""

    media_type: ClassVar[str] = "text/plain"
    suffixes: ClassVar[tuple[str, ...]] = (".txt", ".text")
    opens_with_title: ClassVar[bool] = True
    light_bytes: ClassVar[int] = 250_000

    type: Literal["txt"] = "txt"

    def read(self, data: bytes, *, name: str) -> Reading:
        decoded = decode(data, name=name)
        return Reading(decoded.text, warnings=decoded.warnings)
