"""Markdown, which stays as its author wrote it."""

from __future__ import annotations

import re
from typing import ClassVar, Literal

from loresmith.documents.base import Parser, Reading
from loresmith.documents.encoding import decode


class MarkdownParser(Parser):
    """Reads Markdown files; a `title:` in YAML front matter is the document's own title."""

    media_type: ClassVar[str] = "text/markdown"
    suffixes: ClassVar[tuple[str, ...]] = (".md", ".markdown")
    light_bytes: ClassVar[int] = 250_000

    type: Literal["md"] = "md"

    def read(self, data: bytes, *, name: str) -> Reading:
        decoded = decode(data, name=name)
        title = _FRONT_MATTER_TITLE.match(decoded.text[:10_000])
        return Reading(
            decoded.text,
            title=title.group(1).strip(" \t\"'") if title else "",
            warnings=decoded.warnings,
        )


_FRONT_MATTER_TITLE = re.compile(r"\s*---[ \t]*\r?\n(?:(?!---).*\r?\n)*?title:[ \t]*(.+?)\r?\n")
