"""Why: only some sentences of a prose text state something that can be asked for and learned."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from loresmith.generation.extractive.subjects import Surroundings, resolve
from loresmith.generation.extractive.vocabulary import Vocabulary, vocabulary_of
from loresmith.records import Chunk, Document
from loresmith.text.figures import figures
from loresmith.text.sentences import sentences


class Statement(NamedTuple):
    """A sentence of the source that may become an answer, or the reason why it cannot."""

    start: int
    """Where it stands in the document's text."""
    end: int
    quote: str
    """As it stands there."""
    text: str
    """In one line, without emphasis, and with its subject named."""
    subject: str
    """What was put in place of a pronoun or of a short name; empty where nothing was."""
    headings: tuple[str, ...]
    """The document's title and the headings above."""
    fault: str = ""
    """A short, stable name, such as `first_person`; empty where the sentence can be used."""

    @property
    def sources(self) -> str:
        """All that a question about this sentence may take its words from."""
        return "\n".join((self.text, *self.headings))


def statements_in(chunk: Chunk, document: Document) -> list[Statement]:
    """The sentences that lie wholly in `chunk`, in order; those with a `fault` cannot be used."""
    return [
        statement
        for statement in _statements(document)
        if chunk.start <= statement.start and statement.end <= chunk.end
    ]


def salience(statement: Statement, document: Document) -> float:
    """How much there is to ask for: figures with units and dates first, then names, then causes."""
    found = figures(statement.text)
    measured = sum(bool(figure.unit) or figure.value > 12 for figure in found)
    names = len(vocabulary_of(document).names(statement.text))
    because = bool(re.search(r"\bbecause\b", statement.text))
    return 2.0 * min(measured, 2) + min(names, 3) + because - len(statement.text) / 200


_FEWEST_WORDS, _MOST_WORDS = 6, 45
_FIRST_PERSON = re.compile(r"\b(?:I|[Ww]e|[Oo]ur|[Mm]y|us|me|ours|[Yy]ou|[Yy]our)\b")
_OF_THE_SOURCE = re.compile(
    r"\b(?:this|the (?:present|following|above)) (?:document|report|section|chapter|note|notice"
    r"|table|figure|page|paper|text)\b|\b(?:see|cf\.?) (?:also )?(?:section|page|chapter|table|fig)"
    r"|\bthe (?:table|figure|chart|graph) (?:shows|gives|lists|above|below)\b"
    r"|\bas (?:mentioned|described|shown|noted) (?:above|below|earlier)\b|https?://|\]\(|[|{}<>=]",
    re.IGNORECASE,
)
_RELATIVE_TIME = re.compile(
    r"\b(?:(?:this|last|next) (?:year|month|week|quarter|season|summer|winter|spring|autumn)"
    r"|yesterday|tomorrow|recently|ago|so far|the same (?:day|year|month)|now|today)\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=4)
def _statements(document: Document) -> tuple[Statement, ...]:
    return tuple(_read(document))


def _read(document: Document) -> Iterator[Statement]:
    """All sentences in order; each section (from heading to heading) is its own surroundings."""
    vocabulary = vocabulary_of(document)
    outline = sorted(document.headings, key=lambda heading: heading.start)
    starts = [heading.start for heading in outline]
    before: list[str] = []
    section = -1
    for start, end in sentences(document.text):
        above = bisect_right(starts, start)
        if above != section:
            before, section = [], above
        headings = _headings_above(document, above)
        quote = document.text[start:end]
        text = _plain(quote)
        if text in headings:
            continue
        resolved = resolve(text, Surroundings(before, headings, vocabulary))
        fault = _fault(text, vocabulary)
        if not fault and not resolved.is_clear:
            fault = "subject_unresolved"
        if not fault and not _FEWEST_WORDS <= len(resolved.text.split()) <= _MOST_WORDS:
            fault = "wrong_length"
        yield Statement(start, end, quote, resolved.text, resolved.subject, headings, fault)
        before.append(resolved.text)


def _headings_above(document: Document, number: int) -> tuple[str, ...]:
    path: list[tuple[int, str]] = []
    for heading in sorted(document.headings, key=lambda heading: heading.start)[:number]:
        path = [(level, title) for level, title in path if level < heading.level]
        path.append((heading.level, heading.title.strip()))
    titles = [title for _, title in path]
    title = document.title.strip()
    return (*([title] if title and title not in titles else []), *titles)


def _plain(quote: str) -> str:
    """In one line, without list mark and emphasis."""
    text = re.sub(r"^\s*(?:#{1,6}|>|[-*+•·]|\(?\d{1,3}[.)])\s+", "", quote)
    return " ".join(re.sub(r"\*{1,3}|`+|(?<!\w)_{1,2}|_{1,2}(?!\w)", "", text).split())


def _fault(text: str, vocabulary: Vocabulary) -> str:
    """Why `text` is no plain statement; empty where it is one."""
    if not text.endswith("."):
        return "not_a_statement"
    if not text[0].isupper() and not text[0].isdigit():
        return "not_a_statement"
    if _FIRST_PERSON.search(text):
        return "first_person"
    if _OF_THE_SOURCE.search(text):
        return "speaks_of_source"
    if _RELATIVE_TIME.search(text):
        return "relative_time"
    if text.count('"') % 2 or text.count("“") != text.count("”"):
        return "quotation"
    if not figures(text) and not vocabulary.names(text):
        return "no_name_or_figure"
    return ""
