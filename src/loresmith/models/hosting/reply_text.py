"""Why: tokens become text that can be shown at once, and never has to be taken back.

Half a character, white space that may turn out to be the end, and what may be the start of a stop
string are held back until they are decided. The pieces add up to what `LocalModel.reply` gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

_OPEN, _CLOSE = "<think>", "</think>"


class Shown(NamedTuple):
    """What has become certain: thinking, and text."""

    reasoning: str
    text: str


class ReplyText:
    """The text of one reply as it grows; `stopped` once a stop string was met."""

    def __init__(self, tokenizer: Any, *, stop: Sequence[str] = ()) -> None:
        self.stopped = False
        self._tokenizer = tokenizer
        self._stop = tuple(stop)
        self._ids: list[int] = []
        self._window = 0
        self._read = 0
        self._thinking: bool | None = None
        """None until the reply's first characters tell."""
        self._held = ""
        self._begun = False

    def add(self, token: int) -> Shown:
        """What one more token makes certain."""
        self._ids.append(token)
        return self._advance(last=False)

    def end(self) -> Shown:
        """All that was held back, now that nothing more comes."""
        return self._advance(last=True)

    def _advance(self, *, last: bool) -> Shown:
        if self.stopped:
            return Shown("", "")
        self._held += self._decoded(last=last)
        if self._thinking is None:
            start = self._held.lstrip()
            if not last and _OPEN.startswith(start[: len(_OPEN)]) and len(start) < len(_OPEN):
                return Shown("", "")
            self._thinking = start.startswith(_OPEN)
            if self._thinking:
                self._held = start.removeprefix(_OPEN)
        reasoning = self._reasoning(last=last) if self._thinking else ""
        return Shown(reasoning, "" if self._thinking else self._text(last=last))

    def _decoded(self, *, last: bool) -> str:
        """The characters that the newest tokens add; none while they end in half a character.

        The half that a reply is cut off at is left out.
        Only a short window is decoded again, and its beginning is cut off as text: tokens of one
        word decode otherwise together than apart.
        """
        before = self._decode(self._ids[self._window : self._read])
        now = self._decode(self._ids[self._window :])
        if last:
            now = now.rstrip("\N{REPLACEMENT CHARACTER}")
        if len(now) <= len(before) or now.endswith("\N{REPLACEMENT CHARACTER}"):
            return ""
        self._window, self._read = self._read, len(self._ids)
        return now[len(before) :]

    def _decode(self, ids: Sequence[int]) -> str:
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=True)) if ids else ""

    def _reasoning(self, *, last: bool) -> str:
        thought, closing, rest = self._held.partition(_CLOSE)
        if closing:
            self._thinking, self._held = False, rest
            return thought
        keep = 0 if last else _overlap(self._held, (_CLOSE,))
        shown = self._held[: len(self._held) - keep]
        self._held = self._held[len(shown) :]
        return shown

    def _text(self, *, last: bool) -> str:
        if not self._begun:
            self._held = self._held.lstrip()
        ends = [at for at in (self._held.find(word) for word in self._stop) if at >= 0]
        if ends:
            self.stopped, last = True, True
            self._held = self._held[: min(ends)]
        keep = 0 if last else _overlap(self._held, self._stop)
        # White space comes with what follows it, or not at all.
        shown = self._held[: len(self._held) - keep].rstrip()
        self._held = self._held[len(shown) :]
        self._begun = self._begun or bool(shown)
        return shown


def _overlap(text: str, words: Sequence[str]) -> int:
    """How many characters at the end of `text` may be the start of one of `words`."""
    longest = 0
    for word in words:
        for length in range(min(len(word) - 1, len(text)), longest, -1):
            if text.endswith(word[:length]):
                longest = length
                break
    return longest
