"""What a writer is shown of a document: its title, the headings above, and one passage."""

from __future__ import annotations

from functools import lru_cache
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
    language = _language_of_passage(chunk.text)
    return Passage(
        title=document.title.strip() or document.name,
        context=chunk.context.strip(),
        text=chunk.text.strip("\n"),
        language=document.language if language == UNDETERMINED else language,
    )


@lru_cache(maxsize=512)
def _language_of_passage(text: str) -> str:
    """Asked for at every step of a passage."""
    return language_of(text)


PASSAGE_WORDS = {
    "passage.title": "the title of the document",
    "passage.context": "the headings above the passage, one a line; may be empty",
    "passage.text": "the passage",
    "passage.language": "its language, such as zh",
}
"""What a prompt may name of a passage."""


def sample_passages() -> tuple[Passage, Passage]:
    """Passages on which a prompt is tried: one with headings above, one with nothing but text."""
    return (
        Passage("Annual Review", "Cargo\nFish", "Fish grew to 57,200 tonnes in 2031.", "en"),
        Passage("年报", "", "二〇三一年渔获增至57,200吨。", "zh"),
    )
