"""What a filter judges: a question with its answer, beside the source that must bear it out."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import PurePosixPath

from loresmith.curation.kept import Kept
from loresmith.records import Chunk, Document, Fact, Span, Wording, WordingKind
from loresmith.text.language import UNDETERMINED, language_of
from loresmith.text.sentences import sentences


@dataclass(frozen=True)
class Source:
    """The document and the passage of it that a claim was written from."""

    document: Document
    chunk: Chunk

    @cached_property
    def surroundings(self) -> str:
        """What stands around the passage: file name, title, headings above, table header."""
        stem = PurePosixPath(self.document.name).stem
        return "\n".join((stem, self.document.title, self.chunk.context))


@dataclass(frozen=True)
class Claim:
    """A fact's pair, one of its wordings, or (with `fact` None) an abstention."""

    id: str
    question: str
    answer: str
    short_answer: str
    kind: WordingKind
    language: str
    source: Source
    fact: Fact | None
    earlier: Kept
    """The claims that were kept before this one."""

    @classmethod
    def of_fact(cls, fact: Fact, source: Source, earlier: Kept) -> Claim:
        """The pair itself; `fact.evidence` holds the spans that were found."""
        return cls(
            id=fact.id,
            question=fact.question,
            answer=fact.answer,
            short_answer=fact.short_answer,
            kind="pair",
            language=fact.language,
            source=source,
            fact=fact,
            earlier=earlier,
        )

    @classmethod
    def of_wording(
        cls, wording: Wording, fact: Fact | None, source: Source, earlier: Kept
    ) -> Claim:
        """A wording of a fact that was kept, or an abstention."""
        return cls(
            id=wording.id,
            question=wording.question,
            answer=wording.answer,
            short_answer=wording.short_answer,
            kind=wording.kind,
            language=wording.language,
            source=source,
            fact=fact,
            earlier=earlier,
        )

    @property
    def asks_forward(self) -> bool:
        """True where the question asks for the short answer; False for open and reversed ones."""
        return self.kind in ("pair", "paraphrase", "direct")

    @property
    def is_translated(self) -> bool:
        """True where a Chinese source is written about in another language, or the other way
        round: names are then spelt as the source never spells them."""
        source = language_of(self.source.chunk.text)
        return source != UNDETERMINED and (source == "zh") != (self.language == "zh")

    @cached_property
    def evidence(self) -> str:
        """The text of the evidence, one span a line."""
        text = self.source.document.text
        return "\n".join(text[span.start : span.end] for span in self._spans)

    @cached_property
    def evidence_sentences(self) -> tuple[str, ...]:
        """The whole sentences and table rows in which the evidence stands."""
        return _sentences_around(self.source.document.text, self._spans)

    @property
    def _spans(self) -> tuple[Span, ...]:
        return self.fact.evidence if self.fact else ()


@lru_cache(maxsize=256)
def _sentences_around(text: str, spans: Sequence[Span]) -> tuple[str, ...]:
    ranges = _sentences(text)
    touched: set[tuple[int, int]] = set()
    for span in spans:
        first = bisect_right(ranges, span.start, key=lambda sentence: sentence[1])
        for start, end in ranges[first:]:
            if start >= span.end:
                break
            touched.add((start, end))
    return tuple(text[start:end] for start, end in sorted(touched))


@lru_cache(maxsize=8)
def _sentences(text: str) -> list[tuple[int, int]]:
    return sentences(text)
