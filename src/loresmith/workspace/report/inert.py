"""Makes text of documents, replies and file names safe to print: it shows, and does nothing."""

from __future__ import annotations

import re
from typing import NamedTuple

_UNPRINTABLE = re.compile(
    "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
_REORDERING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def inert(text: str) -> str:
    """`text` without what a screen would obey rather than show.

    Control characters and lone surrogates (which UTF-8 cannot hold) become U+FFFD; characters that
    reorder the text around them are named, as `[U+202E]`. HTML is not escaped here.
    """
    plain = _UNPRINTABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _REORDERING.sub(lambda match: f"[U+{ord(match[0]):04X}]", plain)


class Shortened(NamedTuple):
    """The beginning of a text, and how many code points of it were left out."""

    text: str
    left_out: int


def shorten(text: str, limit: int) -> Shortened:
    """At most `limit` code points, cut at a space where there is one near the end."""
    text = text.strip()
    if len(text) <= limit:
        return Shortened(text, 0)
    kept = text[:limit]
    space = kept.rfind(" ", limit - limit // 8)
    kept = (kept[:space] if space > 0 else kept).rstrip()
    return Shortened(kept, len(text) - len(kept))
