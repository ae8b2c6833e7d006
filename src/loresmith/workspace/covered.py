"""Which statements of today's passages no kept fact rests on, passage by passage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, takewhile
from typing import NamedTuple

from loresmith.curation.coverage import PassageCoverage, coverage_of
from loresmith.errors import NotFound
from loresmith.records import Chunk, Curated, Document, Fact
from loresmith.workspace.context import Context
from loresmith.workspace.steps.asking import passages
from loresmith.workspace.steps.curate import curated


class Covered(NamedTuple):
    """A passage with its kept facts, and how much of it they rest on."""

    chunk: Chunk
    document: Document
    facts: Sequence[Fact]
    coverage: PassageCoverage


def kept_rows(context: Context) -> Curated:
    """What the curation of today's rows kept. Raises NotFound before it ran."""
    kept = curated(context)
    if kept is None:
        raise NotFound(
            "nothing is known of what the rows cover: they are not checked yet",
            hint="`loresmith curate` does it.",
        )
    return kept


def covered_passages(
    context: Context, kept: Curated, *, only: str | None = None
) -> Iterator[Covered]:
    """Every passage of today, or of one document, in order. Raises NotFound for a document that
    there is not."""
    from loresmith.workspace.documents.own_spans import own_spans

    if only is not None and only not in {document.name for _, document in passages(context)}:
        raise NotFound(f"there is no document {only!r}")
    by_chunk: dict[str, list[Fact]] = {}
    for fact in kept.facts:
        by_chunk.setdefault(fact.chunk_id, []).append(fact)
    for name, some in groupby(passages(context), key=lambda one: one[1].name):
        if only is not None and name != only:
            continue
        cut = list(some)
        own = own_spans([chunk for chunk, _ in cut])
        for number, (chunk, document) in enumerate(cut):
            # A sentence may be in two passages, and a fact of either rests on it.
            near = [fact for one in _meeting(cut, number) for fact in by_chunk.get(one.id, ())]
            coverage = coverage_of(chunk, document, near, start=own[chunk.id].start)
            yield Covered(chunk, document, by_chunk.get(chunk.id, ()), coverage)


def thin_facts(kept: Curated) -> tuple[frozenset[str], frozenset[str]]:
    """The ids of kept facts without a training wording beside their pair, and of those without an
    exam question."""
    trained = {one.fact_id for one in kept.wordings if one.use == "training"}
    examined = {one.fact_id for one in kept.wordings if one.use == "exam"}
    return (
        frozenset(fact.id for fact in kept.facts if fact.id not in trained),
        frozenset(fact.id for fact in kept.facts if fact.id not in examined),
    )


def _meeting(cut: Sequence[tuple[Chunk, Document]], number: int) -> Iterator[Chunk]:
    """A passage and those of its document that share text with it."""
    chunk = cut[number][0]
    yield chunk
    before = (cut[earlier][0] for earlier in range(number - 1, -1, -1))
    yield from takewhile(lambda one: one.end > chunk.start, before)
    after = (cut[later][0] for later in range(number + 1, len(cut)))
    yield from takewhile(lambda one: one.start < chunk.end, after)
