"""A document whose text a person has corrected: all that follows from the text follows anew."""

from __future__ import annotations

from collections.abc import Iterator

from loresmith.component import content_id
from loresmith.documents import PARSERS
from loresmith.documents.base import clean, title_of
from loresmith.documents.headings import headings_of
from loresmith.records import Document, Section
from loresmith.text.language import language_of


def revised(document: Document, text: str) -> Document:
    """`document` with another text, its headings, title and language found again.

    The text is cleaned as that of a file is. With an equal text it is the same document; with
    another it has another id, which depends on name and text alone.
    """
    text, _ = clean(text)
    if text == document.text:
        return document
    headings = headings_of(text, opens_with_title=_opens_with_title(document))
    own_title = (
        ""
        if document.title in {heading.title for heading in document.headings}
        else (document.title)
    )
    return document.model_copy(
        update={
            "id": content_id("revised", document.name, text, document.media_type),
            "text": text,
            "headings": headings,
            "title": title_of(text, headings, own_title, document.name),
            "language": language_of(text),
            "sections": tuple(_moved(document, text)),
        }
    )


def _opens_with_title(document: Document) -> bool:
    return any(
        parser.opens_with_title for parser in PARSERS if parser.media_type == document.media_type
    )


_ANCHOR = 40
"""Characters by which the beginning of a section is found again."""


def _moved(document: Document, text: str) -> Iterator[Section]:
    """The sections where they begin in the corrected text: at the words that follow, or else after
    the words that came before. Of what was rewritten altogether nobody can tell."""
    at_least = 0
    for section in document.sections:
        following = document.text[section.start : section.start + _ANCHOR]
        before = document.text[max(0, section.start - _ANCHOR) : section.start]
        place = text.find(following, at_least) if following.strip() else -1
        if place < 0 and before.strip():
            place = text.find(before, max(0, at_least - _ANCHOR))
            place += len(before) if place >= 0 else 0
        if place >= at_least or section.start == 0:
            at_least = max(place, 0)
            yield section.model_copy(update={"start": at_least})
