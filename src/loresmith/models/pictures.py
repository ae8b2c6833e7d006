"""Pictures in a conversation: sent to the model whole, and known everywhere else by their hash.

Why: a page is a megabyte. A message names it with a mark, so that the cache of replies, the list of
calls and the key of a request hold a line of text, and equal pictures are never paid for twice.
"""

from __future__ import annotations

import base64
import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

PIXELS_A_TOKEN = 28 * 28
"""What a picture costs, about: a token for each square of so many pixels (Qwen2-VL,
arXiv 2409.12191, section 2.1); other models are of the same order."""


class Picture(NamedTuple):
    """A picture as a file."""

    data: bytes
    media_type: str
    width: int
    """In pixels."""
    height: int

    @property
    def mark(self) -> str:
        """How a message names it."""
        digest = hashlib.sha256(self.data).hexdigest()
        return f"[picture {self.width}x{self.height} sha256:{digest}]"


_MARK = re.compile(r"\[picture (\d{1,6})x(\d{1,6}) sha256:[0-9a-f]{64}\]")


def tokens_of_pictures(text: str) -> int:
    """About how many tokens the pictures cost that a text names."""
    return sum(-(-int(one[1]) * int(one[2]) // PIXELS_A_TOKEN) for one in _MARK.finditer(text))


class Pictures:
    """The pictures that calls under way may show. Safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shown: dict[str, tuple[Picture, int]] = {}

    @contextmanager
    def shown(self, picture: Picture) -> Iterator[str]:
        """Its mark, which stands for it in messages for as long as the block lasts."""
        mark = picture.mark
        with self._lock:
            self._shown[mark] = (picture, self._shown.get(mark, (picture, 0))[1] + 1)
        try:
            yield mark
        finally:
            with self._lock:
                _, users = self._shown.pop(mark)
                if users > 1:
                    self._shown[mark] = (picture, users - 1)

    def content(self, text: str) -> str | list[dict[str, Any]]:
        """A message as an OpenAI-compatible endpoint takes it: in parts where it names pictures
        that are shown, else as it is."""
        parts: list[dict[str, Any]] = []
        at = 0
        for found in _MARK.finditer(text):
            with self._lock:
                shown = self._shown.get(found[0])
            if shown is None:
                continue
            if text[at : found.start()].strip():
                parts.append({"type": "text", "text": text[at : found.start()].strip()})
            encoded = base64.b64encode(shown[0].data).decode()
            url = f"data:{shown[0].media_type};base64,{encoded}"
            parts.append({"type": "image_url", "image_url": {"url": url}})
            at = found.end()
        if not parts:
            return text
        if text[at:].strip():
            parts.append({"type": "text", "text": text[at:].strip()})
        return parts
