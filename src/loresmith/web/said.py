"""Says in a reader's language what errors, checks and failed jobs say in English.

Errors are raised in English, for Python, programs and logs. Pages put the finished sentences into
the language of whoever reads: each is looked up in `locale/<language>/errors`, whose msgids are the
sentences with `%(a)s`, `%(b)s` ... where a value was filled in. What is filled in may be a
sentence itself, such as the cause; an entry with the flag `verbatim` keeps it as it is, because it
is a quotation. What no entry fits stays English.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import NamedTuple

from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from fastapi import Request

from loresmith.web.i18n import Language, language_of_request

_LOCALE = Path(__file__).parent / "locale"
_DEEPEST = 5
"""How often a value may be a sentence that holds a sentence."""
_LONGEST = 3000
"""In characters: a longer line is a text of a document or of a program, not one of ours."""


def said(text: str, *, language: Language) -> str:
    """`text`, which an error, a check or a failure says, in `language`, line by line."""
    if language == "en":
        return text
    return "\n".join(_line(line, language) for line in text.split("\n"))


def said_to(request: Request, text: str) -> str:
    """`text` in the language of whoever asked."""
    return said(text, language=language_of_request(request))


class _Saying(NamedTuple):
    pattern: re.Pattern[str]
    words: str
    verbatim: bool


_VALUE = re.compile(r"%\((\w)\)s")
_FIRST_VALUE = r"(?:(?!: |; |\. ).)+?"
"""What a sentence may begin with: a name, not the end of what stands before it."""
_VALUE_WITH_SPACES = re.compile(r"( ?)%\((\w)\)s( ?)")
_QUOTED = re.compile(r"'[^']+'|\"[^\"]+\"")
_CHOICE = re.compile(r"(?:'[^']*',? )+or '[^']*'")
_WIDE = re.compile(r"[\u2018-\u201d\u3000-\u9fff\uff00-\uffef]")
"""Chinese characters and punctuation, which need no space beside Chinese."""


_FEWEST_LETTERS = 12
"""An entry with fewer of its own besides values fits too much to be tried first."""


class _Sayings(NamedTuple):
    close: tuple[_Saying, ...]
    vague: tuple[_Saying, ...]


@cache
def _sayings(language: Language) -> _Sayings:
    """All entries, those with most words of their own first: they fit most closely."""
    messages = [
        message
        for path in sorted((_LOCALE / language / "errors").glob("*.po"))
        for message in read_po(io.BytesIO(path.read_bytes()), locale=language)
        if message.id and message.string
    ]
    messages.sort(key=lambda message: -_letters(str(message.id)))
    vague = [message for message in messages if _is_vague(str(message.id))]
    close = [message for message in messages if not _is_vague(str(message.id))]
    return _Sayings(tuple(map(_saying, close)), tuple(map(_saying, vague)))


def _letters(english: str) -> int:
    return len(_VALUE.sub("", english))


def _is_vague(english: str) -> bool:
    return _VALUE.search(english) is not None and _letters(english) < _FEWEST_LETTERS


def _saying(message: Message) -> _Saying:
    literals = re.split(r"%\(\w\)s", str(message.id))
    names = _VALUE.findall(str(message.id))
    pattern = re.escape(literals[0])
    for name, literal in zip(names, literals[1:], strict=True):
        value = ".+?" if pattern else _FIRST_VALUE
        pattern += f"(?P<{name}>{value}){re.escape(literal)}"
    return _Saying(re.compile(pattern), str(message.string), "verbatim" in message.flags)


def _line(line: str, language: Language) -> str:
    words = line.strip()
    indent = line[: len(line) - len(line.lstrip())]
    if not words or len(words) > _LONGEST:
        return line
    return indent + _said(words, language, _DEEPEST)


@lru_cache(maxsize=4096)
def _said(text: str, language: Language, depth: int) -> str:
    if not depth:
        return text
    given = _GIVEN.fullmatch(text)
    if given is not None:
        fault = _said(given["fault"], language, depth)
        return f"{fault}（给出的是 {given['value']}）" if fault != given["fault"] else text
    close, vague = _sayings(language)
    return (
        _said_by(close, text, language, depth)
        or _said_in_parts(text, language, depth)
        or _said_by(vague, text, language, depth)
        or text
    )


def _said_by(sayings: Iterable[_Saying], text: str, language: Language, depth: int) -> str:
    """What the first entry makes of `text` that fits; empty where none does."""
    for saying in sayings:
        found = saying.pattern.fullmatch(text)
        if found is not None:
            deeper = 0 if saying.verbatim else depth - 1
            say = partial(_said, language=language, depth=deeper)
            return _filled(saying.words, found.groupdict(), say)
    return ""


def _filled(words: str, values: Mapping[str, str], say: Callable[[str], str]) -> str:
    """`words` with what `say` makes of the values; Chinese needs no space beside Chinese."""

    def value_of(found: re.Match[str]) -> str:
        before, name, after = found.groups()
        value = _punctuated(say(values[name]))
        if value == values[name]:
            return before + value + after
        before = "" if _WIDE.match(value[0]) else before
        return before + value + ("" if _WIDE.match(value[-1]) else after)

    return _VALUE_WITH_SPACES.sub(value_of, words)


def _punctuated(value: str) -> str:
    """Python's quotes around a value, and its lists of choices, as Chinese text has them."""
    if _QUOTED.fullmatch(value):
        return f"“{value[1:-1]}”"
    if _CHOICE.fullmatch(value):
        return value.replace(", ", "、").replace(" or ", " 或 ")
    return value


_GIVEN = re.compile(r"(?P<fault>.+) \(given: (?P<value>.+)\)")
"""How a fault ends that quotes what is wrong."""
_PARTS = (
    (re.compile(r"(?P<a>.+?) \((?P<b>.+)\)"), "%(a)s（%(b)s）"),
    (re.compile(r"(?P<a>.+?\.) (?P<b>[A-Z`].*)"), "%(a)s%(b)s"),
    (re.compile(r"(?P<a>\S+): (?P<b>.+)"), "%(a)s：%(b)s"),
    (re.compile(r"(?P<a>.+?), or (?P<b>.+)"), "%(a)s，或%(b)s"),
    (re.compile(r"(?P<a>.+)\."), "%(a)s。"),
    (re.compile(r"(?P<a>.+?); (?P<b>.+)"), "%(a)s；%(b)s"),
    (re.compile(r"(?P<a>[^:]+): (?P<b>.+)"), "%(a)s：%(b)s"),
)
"""How sentences are put together."""


def _said_in_parts(text: str, language: Language, depth: int) -> str:
    """A fault with its path, or several sentences one after the other; empty for anything else."""
    for pattern, words in _PARTS:
        found = pattern.fullmatch(text)
        if found is None:
            continue
        parts = {name: _said(part, language, depth - 1) for name, part in found.groupdict().items()}
        if parts != found.groupdict():
            return _filled(words, parts, str)
    return ""
