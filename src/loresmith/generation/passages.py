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
    """What is written about it, and the prompt, are in this language."""


def passage_of(chunk: Chunk, document: Document, *, language: str = "passage") -> Passage:
    """The passage in `chunk`, to be written about in `language`: by default in its own, or in the
    document's where it has no words."""
    own = _language_of_passage(chunk.text)
    if own == UNDETERMINED:
        own = document.language
    return Passage(
        title=document.title.strip() or document.name,
        context=chunk.context.strip(),
        text=chunk.text.strip("\n"),
        language=own if language == "passage" else language,
    )


@lru_cache(maxsize=4096)
def _language_of_passage(text: str) -> str:
    """Asked for at every step of a passage, of which thousands may be on their way."""
    return language_of(text)


PASSAGE_WORDS = {
    "passage.title": "the title of the document",
    "passage.context": "the headings above the passage, one a line; may be empty",
    "passage.text": "the passage",
    "passage.language": "the language to write in, such as zh",
}
"""What a prompt may name of a passage."""


def sample_passages() -> tuple[Passage, Passage]:
    """Passages on which a prompt is tried: one with headings above, one with nothing but text."""
    return (
        Passage("Annual Review", "Cargo\nFish", "Fish grew to 57,200 tonnes in 2031.", "en"),
        Passage("年报", "", "二〇三一年渔获增至57,200吨。", "zh"),
    )
