"""Where evidence stands in its document: page, position, first words; so it is found again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from loresmith.component import content_id
from loresmith.records import Document, Record, Section, Span

_MOST_WORDS = 120


@lru_cache(maxsize=50_000)
def document_key(name: str) -> str:
    """What a document is addressed by: a hash of its name, so that no path is ever sent."""
    return content_id("document", name)


class EvidencePlace(Record):
    """A stretch of a document that bears out a row."""

    document: str
    """The document's name."""
    document_key: str
    """What the document is addressed by, in the list of documents."""
    start: int
    """Where it begins in the document's text, in code points."""
    end: int
    sections: tuple[Section, ...] = ()
    """The pages, slides, sheets or chapters that it stands on; none where the file has none."""
    first_words: str = ""
    """How it begins, within one line of it."""


def place_of(document: Document, start: int, end: int) -> EvidencePlace:
    """The place of the characters from `start` to `end`."""
    return EvidencePlace(
        document=document.name,
        document_key=document_key(document.name),
        start=start,
        end=end,
        sections=document.sections_of(start, end),
        first_words=first_words(document.text[start:end]),
    )


def places_of(
    evidence: Iterable[Span], documents: Mapping[str, Document]
) -> tuple[EvidencePlace, ...]:
    """The places of `evidence`, each once, in its order; spans of other documents than `documents`
    (by id) are passed over, and so are those that lie outside of their document."""
    return tuple(_places(dict.fromkeys(evidence), documents))


def _places(evidence: Iterable[Span], documents: Mapping[str, Document]) -> Iterator[EvidencePlace]:
    for span in evidence:
        document = documents.get(span.document_id)
        if document is not None and span.start < span.end <= len(document.text):
            yield place_of(document, span.start, span.end)


def first_words(text: str) -> str:
    """The first line of a text that says anything, cut after a whole word where it is long."""
    line = next((one.strip() for one in text.splitlines() if one.strip()), "")
    if len(line) <= _MOST_WORDS:
        return line
    whole_words = line[:_MOST_WORDS].rpartition(" ")[0]
    return whole_words if len(whole_words) > _MOST_WORDS // 2 else line[:_MOST_WORDS]
