"""What of the documents no row says yet: by document, and statement by statement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from itertools import groupby

from loresmith.records import Record
from loresmith.workspace.covered import Covered, covered_passages, kept_rows, thin_facts
from loresmith.workspace.filling import asked_again
from loresmith.workspace.places import EvidencePlace, place_of
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
    asked: int = 0
    """How often the teacher was asked about it again, to fill the gap."""
    not_there: str = ""
    """Why the teacher says that there is no fact in it."""
    thrown_out: tuple[str, ...] = ()
    """Why what was written for it did not pass the checks, such as `figure_not_in_evidence`."""


class Coverage:
    """What of one project's documents is in its rows. Both raise NotFound before curation ran."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def documents(self) -> tuple[DocumentCoverage, ...]:
        """Every document of today, by name."""
        with self._workspace.opened() as context:
            kept = kept_rows(context)
            untrained, unexamined = thin_facts(kept)
            thin = untrained | unexamined
            judged = sorted(covered_passages(context, kept), key=lambda one: one.document.name)
        return tuple(
            _summed(name, list(some), thin)
            for name, some in groupby(judged, key=lambda one: one.document.name)
        )

    def gaps(self, document: str | None = None) -> Iterator[Gap]:
        """What is open, in the order of documents and places; of one document, or of all. Raises
        NotFound for a document that there is not."""
        with self._workspace.opened() as context:
            kept = kept_rows(context)
            reasons = {drop.subject_id: drop.reason for drop in kept.drops}
            for one in covered_passages(context, kept, only=document):
                asked = asked_again(context, one.chunk, one.document)
                for left in one.coverage.open:
                    told = asked.get((left.start, left.end), ())
                    yield Gap(
                        document=one.document.name,
                        chunk_id=one.chunk.id,
                        place=place_of(one.document, left.start, left.end),
                        **left._asdict(),
                        asked=len(told),
                        not_there=told[-1].not_there if told else "",
                        thrown_out=tuple(
                            dict.fromkeys(
                                reasons[fact]
                                for time in told
                                for fact in time.fact_ids
                                if fact in reasons
                            )
                        ),
                    )


def _summed(name: str, judged: Sequence[Covered], thin: Set[str]) -> DocumentCoverage:
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
