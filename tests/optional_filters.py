"""Runs one filter alone, as a recipe would name it, over facts and wordings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loresmith.curation import Curation
from loresmith.curation.curation import CuratedFacts
from loresmith.records import Chunk, Document, Fact, Review
from small_corpus import chunk_of, document_of, fact_of


def curation_by(kind: str, **settings: Any) -> Curation:
    """A curation with this filter and no other."""
    return Curation.model_validate({"filters": [{"type": kind, **settings}]})


def judged(
    facts: Sequence[Fact],
    sources: Sequence[tuple[Document, Chunk]],
    curation: Curation,
    reviews: dict[str, Review] | None = None,
) -> CuratedFacts:
    """What the curation makes of these facts."""
    documents, chunks = [one for one, _ in sources], [one for _, one in sources]
    return curation.curate_facts(facts, chunks, documents, reviews=reviews or {})


Case = tuple[Document, Chunk, Fact]


def stated(sentence: str, question: str, short: str, *, name: str = "a.md") -> Case:
    """A document of one sentence, and the fact that asks about it."""
    document = document_of(sentence, name=name)
    chunk = chunk_of(document)
    fact = fact_of(
        chunk, question=question, answer=sentence, short_answer=short, quotes=(sentence,)
    )
    return document, chunk, fact


def reasons_of(cases: Sequence[Case], curation: Curation) -> list[str]:
    """For each case the reason for which its fact is dropped; empty where it is kept."""
    found = judged([one[2] for one in cases], [one[:2] for one in cases], curation)
    dropped = {drop.subject_id: drop.reason for drop in found.drops}
    return [dropped.get(fact.id, "") for _, _, fact in cases]
