"""Why: whether a capital letter marks a name or only a sentence's beginning, the document shows."""

from __future__ import annotations

import re
from calendar import day_name, month_name
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from loresmith.records import Document
from loresmith.text.sentences import sentences


class Name(NamedTuple):
    """A name at [start, end) of the text in which it was found."""

    text: str
    start: int
    end: int


class Vocabulary:
    """The words of one document: those it writes small, and those with a capital everywhere."""

    def __init__(self, document: Document) -> None:
        self.title = document.title.strip()
        self.text = document.text
        self._small: set[str] = set()
        self._names: set[str] = set()
        headings = {heading.title.strip() for heading in document.headings}
        for start, end in sentences(document.text):
            sentence = document.text[start:end].lstrip("#*> -")
            if sentence.strip() in headings or not sentence.rstrip().endswith((".", "!", "?")):
                continue
            for match in _WORD.finditer(sentence):
                if match[0][0].islower():
                    self._small.add(match[0])
                elif match.start() and sentence[: match.start()].rstrip()[-1:] not in '.:!?"“':
                    self._names.add(match[0])

    def knows_as_name(self, word: str) -> bool:
        """True where `word` stands with a capital inside a sentence of the document."""
        return word in self._names and word.lower() not in _NEVER_NAMES

    def inside(self, phrase: str) -> str:
        """`phrase` as it is written inside a sentence: `The mill` becomes `the mill`."""
        first = _WORD.match(phrase)
        if first is None or not first[0][0].isupper():
            return phrase
        word = first[0]
        opens_a_name = re.match(r"[^\W\d_]+ [A-Z]", phrase) and word.lower() not in _NEVER_NAMES
        known_small = word.lower() in self._small and word not in self._names
        is_small = word.lower() in _NEVER_NAMES or known_small
        if is_small or not (opens_a_name or word in self._names or _is_short_form(word)):
            return phrase[0].lower() + phrase[1:]
        return phrase

    def is_person(self, name: str) -> bool:
        """True where the document calls `name` by a title or office, or goes on with she or he."""
        escaped, last = re.escape(name), re.escape(name.split()[-1])
        said = (
            rf"\b(?:{_TITLES}) (?:{escaped}|{last})\b"
            rf"|\b(?:the|by|a) [a-z]+(?:er|or|man|woman|ist|ian|ect|master|chief) {escaped}\b"
            rf"|(?:^|\. |\n){escaped} [^.]*\. (?:She|He|Her|His)\b"
            rf"|\b(?:{_OFFICES}) [^.,]*\b(?:is|was) {escaped}\b"
            rf"|\b{escaped} (?:became|becomes) (?:the |a |an )?[a-z ]*(?:{_OFFICES}|master)\b"
        )
        return re.search(said, self.text, re.MULTILINE) is not None

    def names(self, text: str) -> list[Name]:
        """The names in `text`, in order: `River Oster`, `Sorrel & Daughters`, `Lindqvist K3`."""
        return list(self._runs(text))

    @property
    def title_names(self) -> list[str]:
        """The names in the document's title, without words that only the title writes large."""
        return [
            name.text
            for name in self.names(self.title)
            if all(self.knows_as_name(w) for w in _WORD.findall(name.text) if w[0].isupper())
        ]

    def _runs(self, text: str) -> Iterator[Name]:
        for match in _RUN.finditer(text):
            start = match.start()
            while start < match.end():  # a sentence's first word joins the name only if it is one
                first = _WORD.match(text, start)
                alone = first is not None and first.end() == match.end()
                if first is None or self._belongs(first[0], opens=_opens(text, start), alone=alone):
                    yield Name(text[start : match.end()], start, match.end())
                    break
                rest = _SPACE_BEFORE_CAPITAL.match(text, first.end())
                start = rest.end() if rest else match.end()

    def _belongs(self, word: str, *, opens: bool, alone: bool) -> bool:
        if word.lower() in _NEVER_NAMES:
            return False
        if not opens or word in self._names:
            return True
        return not alone and word.lower() not in self._small


_OFFICES = (
    "director|manager|chair|chief|head|leader|pilot|captain|driver|clerk|engineer|architect|mayor"
    "|founder|owner|author|editor|professor|president|secretary|foreman|warden|keeper|curator"
)
_TITLES = "Dr|Mr|Mrs|Ms|Miss|Prof|Professor|Captain|Count|Countess|Lord|Lady|Sir|Mayor|President"
_WORD = re.compile(r"[^\W\d_](?:[\w’'-]*\w)?")
_SPACE_BEFORE_CAPITAL = re.compile(r"\s+(?=[A-Z])")
_PART = r"[A-Z][\w’'-]*\w|[A-Z]\b\.?"
_LINK = r" (?:&|of|de|van|von|der|la) (?=[A-Z])| "
_RUN = re.compile(rf"(?:{_PART})(?:(?:{_LINK})(?:{_PART}|\d{{1,3}}(?= ?[a-z,.;?]|$)))*")
_NEVER_NAMES = frozenset(
    (
        *(name.lower() for name in (*month_name, *day_name) if name),
        *(
            "the a an it its he she they we our i you his her their this that these those there"
            " in on at by of for from to with after before until since when while where who what"
            " which why how because although though if as and but or nor not no nobody none every"
            " each all both most many much some several few one two three four five six seven"
            " eight nine ten today now yet then thus also only about nearly almost more less"
            " under over during between within mr mrs ms"
        ).split(),
    )
)


def _is_short_form(word: str) -> bool:
    return len(word) > 1 and word.isupper()


def _opens(text: str, start: int) -> bool:
    return not text[:start].strip(" \"'“‘(") or text[:start].rstrip()[-1] in ".!?:"


@lru_cache(maxsize=8)
def vocabulary_of(document: Document) -> Vocabulary:
    """The vocabulary of `document`, read once for all its chunks."""
    return Vocabulary(document)
