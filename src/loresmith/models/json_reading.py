"""Reads the JSON out of a model's reply: forgiving of form, never of content.

A model writes JSON with trailing commas, comments, full-width punctuation or bare line breaks, and
prose around it. Such slips have one reading and are read. What has several readings or has lost
something (a cut list, a doubled key, NaN, a missing comma) is refused: nothing is made up.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

_MAX_DEPTH = 64
_LONGEST_NUMBER = 400  # digits
_SPACE = re.compile(r"(?:[\s\ufeff\u200b\u2060]|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.%])", re.ASCII)
_WORD = re.compile(r"[A-Za-z_]\w*")
_BEGINNING = re.compile(
    r"[{｛]\s*(?:[\"“”＂'‘}｝/]|[A-Za-z_]\w*\s*[:：])"  # an object, not a brace of prose
    r"|[\[［]\s*[{｛\[［\"“＂\]］]"  # a list, not a footnote [1] or a link [text](url)
)
_CLOSING_QUOTE = {'"': '"', "'": "'", "＂": "＂", "“": "”", "”": "”", "‘": "’"}
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS = {"true": True, "True": True, "false": False, "False": False, "null": None, "None": None}


class JSONFault(ValueError):
    """The reply holds what looks like JSON but cannot be read in one way only."""


class Found(NamedTuple):
    """A value of the reply, and whether nothing but it stands on its lines."""

    value: Any
    alone: bool


def find_json(text: str) -> list[Found]:
    """All outermost objects and lists of a reply, in order; none when it is plain prose.

    Raises JSONFault when one of them is broken or cut: what stands inside a broken value is not
    taken for a value of its own.
    """
    stripped = text.strip().removeprefix("\ufeff")
    quoted = _unquoted(stripped)
    if quoted is not None:
        return find_json(quoted)
    plain = _plain_json(stripped)
    if plain is not None:
        return [Found(plain, alone=True)]
    found = []
    position = 0
    while (beginning := _BEGINNING.search(stripped, position)) is not None:
        start = beginning.start()
        reader = _Reader(stripped, start)
        value = reader.value(depth=0)
        position = reader.position
        before = stripped[:start].rpartition("\n")[2].strip()
        after = stripped[position:].partition("\n")[0].strip()
        found.append(Found(value, alone=not before.strip("`") and not after.strip("`")))
    return found


def _plain_json(text: str) -> Any:
    """The value of a reply that is one JSON value without a slip, read fifty times as fast; None
    where there is anything to forgive or to refuse, which the reader below does."""
    if _BEGINNING.match(text) is None or text.count("{") + text.count("[") > _MAX_PLAIN_PARTS:
        return None
    try:
        value = _PLAIN_DECODER.decode(text)
        text.encode()  # half a surrogate pair that was not written as an escape
    except (ValueError, RecursionError):
        return None
    return None if _HALF_PAIR.search(text) or _depth(value) > _MAX_DEPTH else value


def _depth(value: Any) -> int:
    """How many lists and objects stand inside one another, as far as it matters."""
    level, depth = [value], -1
    while level and depth <= _MAX_DEPTH:
        depth += 1
        level = [
            item
            for part in level
            if isinstance(part, (dict, list))
            for item in (part.values() if isinstance(part, dict) else part)
        ]
    return depth


def _without_doubles(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) != len(members):
        raise ValueError(members)
    return found


def _refused_number(text: str) -> NoReturn:
    raise ValueError(text)


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        _refused_number(text)
    return value


_MAX_PLAIN_PARTS = 100_000
_HALF_PAIR = re.compile(r"\\u[dD][89a-fA-F]")
_PLAIN_DECODER = json.JSONDecoder(
    object_pairs_hook=_without_doubles, parse_constant=_refused_number, parse_float=_finite
)


def _unquoted(text: str) -> str | None:
    """The content of a reply that is one JSON string: JSON that was encoded twice."""
    if not (text.startswith('"') and text.endswith('"')):
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, str) and value.lstrip()[:1] in ("{", "[") else None


class _Reader:
    """A recursive descent parser; `position` is where it stands in the text."""

    def __init__(self, text: str, position: int) -> None:
        self.text = text
        self.position = position

    def value(self, *, depth: int) -> Any:
        if depth > _MAX_DEPTH:
            self._refuse("it is nested too deeply")
        character = self._peek()
        if character in "{｛":
            return self._object(depth)
        if character in "[［":
            return self._list(depth)
        if character in _CLOSING_QUOTE:
            return self._string()
        return self._number_or_word()

    def _object(self, depth: int) -> dict[str, Any]:
        self.position += 1
        members: dict[str, Any] = {}
        while self._peek() not in "}｝":
            key = self._key()
            if key in members:
                self._refuse(f"the key {key!r} is there twice")
            self._expect(":：", f"a colon after the key {key!r}")
            members[key] = self.value(depth=depth + 1)
            if self._peek() not in "}｝":
                self._expect(",，", "a comma between two members")
        self.position += 1
        return members

    def _list(self, depth: int) -> list[Any]:
        self.position += 1
        items: list[Any] = []
        while self._peek() not in "]］":
            items.append(self.value(depth=depth + 1))
            if self._peek() not in "]］":
                self._expect(",，", "a comma between two items")
        self.position += 1
        return items

    def _key(self) -> str:
        if self._peek() in _CLOSING_QUOTE:
            return self._string()
        word = _WORD.match(self.text, self.position)
        if word is None:
            self._refuse("a key in double quotes is missing")
        self.position = word.end()
        return word.group()

    def _string(self) -> str:
        opening = self.text[self.position]
        closing = _CLOSING_QUOTE[opening]
        self.position += 1
        parts: list[str] = []
        nested = inner = 0
        while True:
            if self.position >= len(self.text):
                self._refuse("it ends in the middle of a text")
            character = self.text[self.position]
            if character == "\\":
                parts.append(self._escape())
                continue
            if character == closing and nested == 0:
                if self._ends_string():
                    break
                inner += 1
            nested += (character == opening != closing) - (character == closing and nested > 0)
            parts.append(character)
            self.position += 1
        # Quotation marks that were not escaped come in pairs; an odd one shows that the end of
        # this text was mistaken.
        if inner % 2:
            self._refuse("a double quote inside a text is not escaped")
        self.position += 1
        return "".join(parts)

    def _ends_string(self) -> bool:
        """Whether the quote here is followed by what can follow a text in JSON."""
        following = _SPACE.match(self.text, self.position + 1)
        end = following.end() if following else self.position + 1
        return end >= len(self.text) or self.text[end] in ",，:：]］}｝"

    def _escape(self) -> str:
        character = self.text[self.position + 1 : self.position + 2]
        self.position += 2
        if character in _ESCAPES:
            return _ESCAPES[character]
        if character == "u":
            return self._unicode_escape()
        if not character or character.isalnum():
            self._refuse(f"\\{character} is not an escape of JSON; a backslash is written \\\\")
        return character

    def _unicode_escape(self) -> str:
        match = re.compile(r"[0-9a-fA-F]{4}(?:\\u[dD][c-fC-F][0-9a-fA-F]{2})?").match(
            self.text, self.position
        )
        if match is None:
            self._refuse("\\u is not followed by four hexadecimal digits")
        first = int(match.group()[:4], 16)
        if 0xD800 <= first < 0xDC00 and len(match.group()) > 4:
            self.position = match.end()
            return chr(0x10000 + ((first - 0xD800) << 10) + int(match.group()[6:], 16) - 0xDC00)
        if 0xD800 <= first < 0xE000:
            self._refuse("half of a surrogate pair stands alone")
        self.position += 4
        return chr(first)

    def _number_or_word(self) -> Any:
        number = _NUMBER.match(self.text, self.position)
        if number is not None:
            self.position = number.end()
            if len(number.group()) > _LONGEST_NUMBER:
                self._refuse("a number is too long")
            value = json.loads(number.group())
            if value in (float("inf"), float("-inf")):
                self._refuse("a number is too large")
            return value
        word = _WORD.match(self.text, self.position)
        if word is None or word.group() not in _WORDS:
            self._refuse("a value is missing, or it is not one of JSON")
        self.position = word.end()
        return _WORDS[word.group()]

    def _peek(self) -> str:
        """The next character that means something."""
        space = _SPACE.match(self.text, self.position)
        self.position = space.end() if space else self.position
        if self.position >= len(self.text) or self.text.startswith("```", self.position):
            self._refuse("it ends before it is complete")
        return self.text[self.position]

    def _expect(self, characters: str, what: str) -> None:
        if self._peek() not in characters:
            self._refuse(f"{what} is missing")
        self.position += 1

    def _refuse(self, what: str) -> NoReturn:
        near = self.text[max(0, self.position - 20) : self.position + 20]
        raise JSONFault(f"the JSON cannot be read: {what}, near {near!r}")


def is_unfilled(value: object, *, key: str = "") -> bool:
    """Whether all texts of a value are placeholders: the form given back as it was shown."""
    texts = list(_texts(value, key))
    return bool(texts) and all(_is_placeholder(text, name) for name, text in texts)


def _texts(value: object, key: str) -> list[tuple[str, str]]:
    if isinstance(value, str):
        return [(key, value)]
    if isinstance(value, Mapping):
        return [text for name, member in value.items() for text in _texts(member, str(name))]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item, key)]
    return []


def _is_placeholder(text: str, key: str) -> bool:
    plain = text.strip().casefold()
    return (
        plain in {"...", "…", "……", "string", "字符串", key.casefold()}
        or re.fullmatch(r"<[^<>]*>|\{[^{}]*\}|【[^】]*】", plain) is not None
    )
