"""What a writer is shown of a document: its title, the headings above, and one passage."""

from __future__ import annotations

from typing import NamedTuple

from loresmith.records import Chunk, Document
from loresmith.text.language import UNDETERMINED, language_of


class Passage(NamedTuple):
    """A chunk as it stands in a prompt."""

    title: str
    context: str
    """Headings above and the header row of a table that began before, one a line."""
    text: str
    language: str


def passage_of(chunk: Chunk, document: Document) -> Passage:
    """The passage in `chunk`; its language is its own, or the document's where it has no words."""
    language = language_of(chunk.text)
    return Passage(
        title=document.title.strip() or document.name,
        context=chunk.context.strip(),
        text=chunk.text.strip("\n"),
        language=document.language if language == UNDETERMINED else language,
    )
