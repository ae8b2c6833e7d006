"""Makes texts comparable that differ only in width, space or emphasis, and finds one in another.

Writers quote a source with other spaces, other quotation marks and without its `**`. What is
folded away here carries no meaning; letters, digits and punctuation stay.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

INVISIBLE = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff")
"""Soft hyphen, zero-width characters and the byte order mark."""

_PLAIN = {
    **dict.fromkeys("‘’‚‛′`´", "'"),
    **dict.fromkeys("“”„‟″「」『』", '"'),
    **dict.fromkeys("‐‑‒–—―−﹣－", "-"),
    "〜": "~",
}
_WORD_OR_NUMBER = re.compile(r"[0-9A-Za-z]+(?:[.,][0-9]+)*")
_EMPHASIS = re.compile(r"\*{2,3}|(?<![0-9A-Za-z])_{1,3}(?=\S)|(?<=\S)_{1,3}(?![0-9A-Za-z])|`+")
_LONE_STAR = re.compile(r"(?<![\w*])\*(?=[\w\"'(])|(?<=[\w\"'.,%)])\*(?![\w*])")
_ESCAPE = re.compile(r"\\(?=[!-/:-@\[-`{-~])")


def normalise(text: str, *, fold_case: bool = False) -> str:
    """`text` in half width (NFKC), plain quotes and dashes, single spaces, none at the ends.

    Superscripts and fractions stay as they are (10² must not become 102), and so does the
    punctuation that has no half-width twin, such as `。` and `、`.
    """
    if text.isascii():
        plain = text.translate(_PLAIN_ASCII)
    else:
        plain = "".join(_plain(cluster) for cluster in _clusters(text))
    plain = " ".join(plain.split())
    return plain.casefold() if fold_case else plain


def locate(quote: str, text: str) -> tuple[int, int] | None:
    """Where `quote` first stands in `text`, as [start, end) code points of `text` as given.

    Space, width, kinds of quotation marks and dashes, and Markdown emphasis are ignored; letter
    case only when nothing else fits. A match never begins or ends inside a word or number: `73.7`
    is not found in `173.7`. None when it is not there or `quote` has nothing to find.
    """
    if text.isascii() and quote.isascii() and _bare(quote) not in _bare(text):
        return None
    for fold_case in (False, True):
        wanted = _folded(quote, fold_case).text.strip()
        if not wanted:
            return None
        source = _folded(text, fold_case)
        at = source.text.find(wanted)
        while at >= 0:
            end = at + len(wanted)
            if not (_splits_word(source.text, at) or _splits_word(source.text, end)):
                return source.starts[at], source.ends[end - 1]
            at = source.text.find(wanted, at + 1)
    return None


@lru_cache(maxsize=256)
def _bare(text: str) -> str:
    """What is left of an ASCII text without anything that folding may leave out."""
    return _NOT_BARE.sub("", text).casefold()


_NOT_BARE = re.compile(r"[\s*_`'\\]+")


class _Folded(NamedTuple):
    """A comparable form; character i of it comes from [starts[i], ends[i]) of the original."""

    text: str
    starts: list[int]
    ends: list[int]


@lru_cache(maxsize=256)
def _folded(text: str, fold_case: bool) -> _Folded:
    """Without emphasis and without space, but for one space between two words of letters."""
    dropped = _emphasis(text)
    if not dropped and text.isascii():
        return _folded_ascii(text.casefold() if fold_case else text)
    characters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    space = False
    position = 0
    for cluster in _clusters(text):
        start, position = position, position + len(cluster)
        plain = "" if start in dropped else _plain(cluster)
        if fold_case:
            plain = plain.casefold()
        for character in plain:
            if character.isspace():
                space = True
                continue
            if space and characters and _joins(characters[-1], character):
                characters.append(" ")
                starts.append(start)
                ends.append(start)
            space = False
            characters.append(character)
            starts.append(start)
            ends.append(position)
    return _Folded("".join(characters), starts, ends)


def _folded_ascii(text: str) -> _Folded:
    """`_folded` for a text without emphasis that is one ASCII character a place."""
    folded = _Folded("", [], [])
    parts: list[str] = []
    for run in _NO_SPACE.finditer(text.translate(_PLAIN_ASCII)):
        start, end = run.span()
        if parts and _joins(parts[-1][-1], run[0][0]):
            parts.append(" ")
            folded.starts.append(start)
            folded.ends.append(start)
        parts.append(run[0])
        folded.starts.extend(range(start, end))
        folded.ends.extend(range(start + 1, end + 1))
    return folded._replace(text="".join(parts))


_NO_SPACE = re.compile(r"\S+")
_PLAIN_ASCII = str.maketrans({old: new for old, new in _PLAIN.items() if old.isascii()})


def _joins(before: str, after: str) -> bool:
    """True where leaving the space out would make one word of two."""
    return before.isascii() and after.isascii() and before.isalnum() and after.isalnum()


def _emphasis(text: str) -> set[int]:
    """Positions of characters that only mark emphasis, code or an escape in Markdown."""
    if not any(mark in text for mark in "*_`\\"):
        return set()
    found: set[int] = set()
    for pattern in (_EMPHASIS, _LONE_STAR, _ESCAPE):
        for match in pattern.finditer(text):
            found.update(range(match.start(), match.end()))
    return found


def _clusters(text: str) -> list[str]:
    """Characters, each with the combining marks that follow it."""
    if text.isascii():
        return list(text)
    clusters: list[str] = []
    for character in text:
        if clusters and unicodedata.combining(character):
            clusters[-1] += character
        else:
            clusters.append(character)
    return clusters


@lru_cache(maxsize=65536)
def _plain(cluster: str) -> str:
    if cluster in INVISIBLE:
        return ""
    if cluster in _PLAIN:
        return _PLAIN[cluster]
    if cluster.isascii():
        return cluster
    if len(cluster) == 1 and not cluster.isspace():
        kind = unicodedata.decomposition(cluster).partition(" ")[0]
        if kind in ("<super>", "<sub>", "<fraction>"):
            return cluster
    folded = unicodedata.normalize("NFKC", cluster)
    return _PLAIN.get(folded, folded)


def _splits_word(text: str, at: int) -> bool:
    """True when position `at` lies inside a word or number of ASCII letters and digits."""
    if at <= 0 or at >= len(text):
        return False
    begin = max(0, at - 40)
    return any(
        match.start() + begin < at < match.end() + begin
        for match in _WORD_OR_NUMBER.finditer(text[begin : at + 40])
    )
