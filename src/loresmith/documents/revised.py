"""A document whose text a person has corrected: all that follows from the text follows anew."""

from __future__ import annotations

from loresmith.component import content_id
from loresmith.documents import PARSERS
from loresmith.documents.base import clean, title_of
from loresmith.documents.headings import headings_of
from loresmith.records import Document
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
        }
    )


def _opens_with_title(document: Document) -> bool:
    return any(
        parser.opens_with_title for parser in PARSERS if parser.media_type == document.media_type
    )
