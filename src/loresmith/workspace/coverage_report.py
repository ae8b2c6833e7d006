"""What of the documents no row says yet: by document, and statement by statement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from itertools import groupby, takewhile
from typing import NamedTuple

from loresmith.curation.coverage import PassageCoverage, coverage_of
from loresmith.errors import NotFound
from loresmith.records import Chunk, Curated, Document, Fact, Record
from loresmith.workspace.context import Context
from loresmith.workspace.documents.own_spans import own_spans
from loresmith.workspace.places import EvidencePlace, place_of
from loresmith.workspace.steps.asking import passages
from loresmith.workspace.steps.curate import curated
from loresmith.workspace.workspace import Workspace


class DocumentCoverage(Record):
    """How much of a document its facts rest on."""

    document: str
    """Its name."""
    passages: int
    empty_passages: int
    """Passages without a kept fact."""
    facts: int
    """Kept facts."""
    thin_facts: int
    """Those without a training wording beside their pair, or without an exam question: they are
    hardly learned, or not examined."""
    statements: int
    """Sentences and table rows."""
    open_statements: int
    """Those that no fact rests on, or of which a figure is asked for by none."""
    figures: int
    open_figures: int
    """Figures that no fact asks for."""


class Gap(Record):
    """A statement that facts leave something of."""

    document: str
    chunk_id: str
    start: int
    """Where it begins in the document's text, in code points."""
    end: int
    text: str
    figures: tuple[str, ...]
    """Its figures that no fact asks for; none where no fact rests on it at all."""
    place: EvidencePlace
    """Where a person finds it."""


class Coverage:
    """What of one project's documents is in its rows. Both raise NotFound before curation ran."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def documents(self) -> tuple[DocumentCoverage, ...]:
        """Every document of today, by name."""
        with self._workspace.opened() as context:
            kept = _kept(context)
            thin = _thin_facts(kept)
            judged = sorted(_judged(context, kept), key=lambda one: one.document.name)
        return tuple(
            _summed(name, list(some), thin)
            for name, some in groupby(judged, key=lambda one: one.document.name)
        )

    def gaps(self, document: str | None = None) -> Iterator[Gap]:
        """What is open, in the order of documents and places; of one document, or of all. Raises
        NotFound for a document that there is not."""
        with self._workspace.opened() as context:
            kept = _kept(context)
            known = {source.name for _, source in passages(context)}
            if document is not None and document not in known:
                raise NotFound(f"there is no document {document!r}")
            for one in _judged(context, kept, only=document):
                for left in one.coverage.open:
                    yield Gap(
                        document=one.document.name,
                        chunk_id=one.chunk.id,
                        place=place_of(one.document, left.start, left.end),
                        **left._asdict(),
                    )


class _Judged(NamedTuple):
    """A passage with its kept facts, and how much of it they rest on."""

    chunk: Chunk
    document: Document
    facts: Sequence[Fact]
    coverage: PassageCoverage


def _judged(context: Context, kept: Curated, *, only: str | None = None) -> Iterator[_Judged]:
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
            yield _Judged(chunk, document, by_chunk.get(chunk.id, ()), coverage)


def _meeting(cut: Sequence[tuple[Chunk, Document]], number: int) -> Iterator[Chunk]:
    """A passage and those of its document that share text with it."""
    chunk = cut[number][0]
    yield chunk
    before = (cut[earlier][0] for earlier in range(number - 1, -1, -1))
    yield from takewhile(lambda one: one.end > chunk.start, before)
    after = (cut[later][0] for later in range(number + 1, len(cut)))
    yield from takewhile(lambda one: one.start < chunk.end, after)


def _summed(name: str, judged: Sequence[_Judged], thin: Set[str]) -> DocumentCoverage:
    return DocumentCoverage(
        document=name,
        passages=len(judged),
        empty_passages=sum(not one.facts for one in judged),
        facts=sum(len(one.facts) for one in judged),
        thin_facts=sum(fact.id in thin for one in judged for fact in one.facts),
        statements=sum(one.coverage.statements for one in judged),
        open_statements=sum(len(one.coverage.open) for one in judged),
        figures=sum(one.coverage.figures for one in judged),
        open_figures=sum(one.coverage.open_figures for one in judged),
    )


def _thin_facts(kept: Curated) -> frozenset[str]:
    """Facts that lack a training wording or an exam question."""
    trained = {one.fact_id for one in kept.wordings if one.use == "training"}
    examined = {one.fact_id for one in kept.wordings if one.use == "exam"}
    return frozenset(f.id for f in kept.facts if f.id not in trained or f.id not in examined)


def _kept(context: Context) -> Curated:
    kept = curated(context)
    if kept is None:
        raise NotFound(
            "nothing is known of what the rows cover: they are not checked yet",
            hint="`loresmith curate` does it.",
        )
    return kept
