"""Runs what was written through the filters: what is kept can be trusted, what is not is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from pydantic import Field

from loresmith.component import Component, content_id
from loresmith.curation.claim import Claim, Source
from loresmith.curation.filters import (
    AbstentionFilter,
    AnswerLeakFilter,
    AnyFilter,
    DuplicateFilter,
    EmptyFilter,
    EvidenceFilter,
    FigureFilter,
    LanguageFilter,
    NameFilter,
    PeriodFilter,
    QualifierFilter,
    RefusalFilter,
    SelfContainedFilter,
    ShortAnswerFilter,
)
from loresmith.curation.filters.evidence import find_evidence
from loresmith.curation.grounds import Ground
from loresmith.curation.judge import Judge
from loresmith.curation.kept import Kept
from loresmith.curation.reviewing import (
    outdated,
    outdated_row,
    overruled_by,
    rejection,
    reviewed_fact,
    reviewed_row,
    reviewed_wording,
)
from loresmith.curation.row_judging import RowJudge
from loresmith.records import (
    Chunk,
    Document,
    Drop,
    Fact,
    Review,
    Span,
    Verdict,
    Wording,
    WrittenRow,
)

RowT = TypeVar("RowT", Fact, Wording)

_NO_REVIEWS: Mapping[str, Review] = MappingProxyType({})


class CuratedFacts(NamedTuple):
    """Facts that passed, with the spans of their evidence, and those that did not."""

    kept: tuple[Fact, ...]
    drops: tuple[Drop, ...]


class CuratedWordings(NamedTuple):
    """Wordings that passed, and those that did not."""

    kept: tuple[Wording, ...]
    drops: tuple[Drop, ...]


class CuratedRows(NamedTuple):
    """Rows of other kinds that passed, with the spans of their evidence, and those that did not."""

    kept: tuple[WrittenRow, ...]
    drops: tuple[Drop, ...]


class Curation(Component):
    """Which rows are thrown out. The order of the results is document, passage, index."""

    filters: tuple[AnyFilter, ...] = Field(
        default=(
            EmptyFilter(),
            LanguageFilter(),
            RefusalFilter(),
            EvidenceFilter(),
            ShortAnswerFilter(),
            AnswerLeakFilter(),
            SelfContainedFilter(),
            FigureFilter(),
            PeriodFilter(),
            NameFilter(),
            QualifierFilter(),
            AbstentionFilter(),
            DuplicateFilter(),
        ),
        json_schema_extra={"common": True},
    )
    """Applied in this order; the first that objects gives the reason. `[]` keeps everything."""
    judge: Judge = Judge()
    """A model that reads what the filters keep, beside its source."""

    def fingerprint(self) -> str:
        """A hash of what the filters do; what the judge says comes after them."""
        return content_id(type(self).__name__, self.model_dump(mode="json", exclude={"judge"}))

    def curate_facts(
        self,
        facts: Iterable[Fact],
        chunks: Iterable[Chunk],
        documents: Iterable[Document],
        *,
        reviews: Mapping[str, Review] = _NO_REVIEWS,
        added: Set[str] = frozenset(),
    ) -> CuratedFacts:
        """Judges facts as their `reviews` (by id) left them. Those whose chunk or document is not
        given are no longer reachable: they are neither kept nor dropped. Facts with the ids
        `added` were written to fill gaps: they are judged last, and throw no other fact out."""
        sources = _Sources(chunks, documents)
        kept: dict[str, Fact] = {}
        drops: list[Drop] = []
        seen = Kept()
        for fact in _added_last(sources.facts_in_order(facts), added):
            source, review = sources.of(fact), reviews.get(fact.id)
            found = with_evidence(reviewed_fact(fact, review), source)
            claim = Claim.of_fact(found, source, seen)
            verdict = self.verdict(claim, review)
            if verdict.keep:
                kept[found.id] = found
                seen.add(claim)
                continue
            drops.append(self._drop(claim, verdict))
            may_fall = [one for one in verdict.also if fact.id not in added or one in added]
            for fallen in [kept.pop(one) for one in may_fall if one in kept]:
                with_it = Claim.of_fact(fallen, sources.of(fallen), seen)
                drops.append(self._drop(with_it, verdict))
        return CuratedFacts(tuple(sources.facts_in_order(kept.values())), tuple(drops))

    def curate_wordings(
        self,
        wordings: Iterable[Wording],
        facts: Sequence[Fact],
        chunks: Iterable[Chunk],
        documents: Iterable[Document],
        *,
        reviews: Mapping[str, Review] = _NO_REVIEWS,
        added: Set[str] = frozenset(),
    ) -> CuratedWordings:
        """Judges wordings of the kept `facts`, and abstentions; training wordings come first, so
        that an exam question is never preferred to the training question that it repeats.

        Wordings of other facts are no longer reachable: they are neither kept nor dropped. A
        wording of a fact whose answer was edited is answered likewise, or dropped as outdated.
        Those with the ids `added`, or of facts with such ids, are judged after all others.
        """
        sources = _Sources(chunks, documents)
        by_id = {fact.id: fact for fact in facts}
        seen = Kept()
        for fact in sources.facts_in_order(facts):
            seen.add(Claim.of_fact(fact, sources.of(fact), seen))
        kept: list[Wording] = []
        drops: list[Drop] = []
        ordered = sources.wordings_in_order(wordings, by_id)
        later = {one.id for one in ordered if one.id in added or one.fact_id in added}
        for wording in _added_last(ordered, later):
            fact_of = by_id[wording.fact_id] if wording.fact_id else None
            review, fact_review = reviews.get(wording.id), reviews.get(wording.fact_id or "")
            worded = reviewed_wording(wording, review, fact_of, fact_review)
            claim = Claim.of_wording(worded, fact_of, sources.of(wording), seen)
            verdict = outdated(wording, review, fact_review) or self.verdict(claim, review)
            if verdict.keep:
                kept.append(worded)
                seen.add(claim)
            else:
                drops.append(self._drop(claim, verdict))
        return CuratedWordings(tuple(sources.wordings_in_order(kept, by_id)), tuple(drops))

    def masked(self, record: RowT) -> RowT:
        """A kept fact or wording with the texts that may be trained on; its evidence stays where
        it is in the document."""
        parts: dict[str, object] = {
            name: self._mask(getattr(record, name))
            for name in ("question", "answer", "short_answer")
        }
        if isinstance(record, Fact):
            parts["quotes"] = tuple(map(self._mask, record.quotes))
        changed = {name: text for name, text in parts.items() if text != getattr(record, name)}
        return record.model_copy(update=changed) if changed else record

    def masked_row(self, row: WrittenRow) -> WrittenRow:
        """A kept row of another kind with the texts that may be trained on."""
        return row.rephrased(self._mask)

    def _mask(self, text: str) -> str:
        for one in self.filters:
            text = one.mask(text)
        return text

    def _drop(self, claim: Claim, verdict: Verdict) -> Drop:
        return Drop(
            subject_id=claim.id,
            subject="fact" if claim.kind == "pair" else "wording",
            reason=verdict.reason,
            detail=verdict.detail,
            text=_shown(self._mask(f"{claim.question} → {claim.answer}")),
        )

    def curate_rows(
        self,
        rows: Iterable[WrittenRow],
        facts: Sequence[Fact],
        chunks: Iterable[Chunk],
        documents: Iterable[Document],
        *,
        reviews: Mapping[str, Review] = _NO_REVIEWS,
    ) -> CuratedRows:
        """Judges rows of other kinds as their `reviews` left them; `facts` are the kept ones.

        Those of a passage that is not given are no longer reachable: they are neither kept nor
        dropped. A row that says what an earlier one says is dropped as a duplicate.
        """
        sources = _Sources(chunks, documents)
        grounds = {fact.id: Ground(fact, sources.of(fact)) for fact in facts}
        kept: list[WrittenRow] = []
        drops: list[Drop] = []
        seen: set[str] = set()
        for written in sources.rows_in_order(rows):
            review = reviews.get(written.id)
            row = reviewed_row(written, review)
            source = sources.first_of(row)
            verdict = (
                rejection(review)
                or outdated_row(row, review, reviews)
                or RowJudge(self.filters, grounds, overruled=overruled_by(review)).judge(
                    row, source
                )
            )
            said = row.said.casefold()
            if verdict.keep and said in seen:
                verdict = Verdict(keep=False, reason="duplicate", detail="a row says the same")
            if verdict.keep:
                seen.add(said)
                kept.append(row.model_copy(update={"evidence": sources.evidence(row, grounds)}))
            else:
                drops.append(_row_drop(row, verdict, self._mask(row.said)))
        return CuratedRows(tuple(kept), tuple(drops))

    def verdict(self, claim: Claim, review: Review | None = None) -> Verdict:
        """The first objection to `claim`; a rejection always is one, and a confirmed row is kept
        against objections of style."""
        rejected = rejection(review)
        if rejected is not None:
            return rejected
        overruled = overruled_by(review)
        for one in self.filters:
            verdict = one.judge(claim)
            if not (verdict.keep or verdict.reason in overruled):
                return verdict
        return Verdict(keep=True)


def with_evidence(fact: Fact, source: Source) -> Fact:
    """`fact` with the places of its quotations that are found."""
    return fact.model_copy(update={"evidence": find_evidence(fact, source).spans})


_USES = ("training", "practice", "exam")
_SHOWN = 200


class _Sources:
    """Today's documents and chunks: what a record was written from, and in which order it comes."""

    def __init__(self, chunks: Iterable[Chunk], documents: Iterable[Document]) -> None:
        by_id = {document.id: document for document in documents}
        self._by_chunk = {
            chunk.id: Source(by_id[chunk.document_id], chunk)
            for chunk in chunks
            if chunk.document_id in by_id
        }

    def of(self, record: Fact | Wording) -> Source:
        return self._by_chunk[record.chunk_id]

    def facts_in_order(self, facts: Iterable[Fact]) -> list[Fact]:
        """By document, passage and index; those of no known chunk are left out."""
        reachable = [fact for fact in facts if fact.chunk_id in self._by_chunk]
        return sorted(reachable, key=lambda fact: (*self._place(fact), fact.index, fact.id))

    def wordings_in_order(
        self, wordings: Iterable[Wording], facts: Mapping[str, Fact]
    ) -> list[Wording]:
        """By use, then by document, passage, fact and index; abstentions after a passage's facts.

        Those of no known chunk or fact are left out.
        """

        def place(wording: Wording) -> tuple[object, ...]:
            fact = facts[wording.fact_id] if wording.fact_id else None
            number = (0, fact.index) if fact else (1, 0)
            where = (*self._place(wording), *number)
            return (_USES.index(wording.use), *where, wording.index, wording.id)

        reachable = (w for w in wordings if w.chunk_id in self._by_chunk)
        known = [w for w in reachable if w.fact_id is None or w.fact_id in facts]
        return sorted(known, key=place)

    def rows_in_order(self, rows: Iterable[WrittenRow]) -> list[WrittenRow]:
        """By document and passage, those of no document last; those of no known chunk are left
        out."""
        reachable = [row for row in rows if all(chunk in self._by_chunk for chunk in row.chunk_ids)]

        def place(row: WrittenRow) -> tuple[object, ...]:
            source = self.first_of(row)
            where = (source.document.name, source.chunk.start) if source else ("", 0)
            return (source is None, *where, row.kind, row.fact_ids, row.index, row.id)

        return sorted(reachable, key=place)

    def first_of(self, row: WrittenRow) -> Source | None:
        """The first passage that a row was written from."""
        return self._by_chunk[row.chunk_ids[0]] if row.chunk_ids else None

    def evidence(self, row: WrittenRow, grounds: Mapping[str, Ground]) -> tuple[Span, ...]:
        """The evidence of its facts; of a text, the whole passages."""
        if row.content.shape != "text":
            spans = [span for fact in row.fact_ids for span in grounds[fact].fact.evidence]
            return tuple(dict.fromkeys(spans))
        chunks = [self._by_chunk[chunk].chunk for chunk in row.chunk_ids]
        return tuple(Span(document_id=c.document_id, start=c.start, end=c.end) for c in chunks)

    def _place(self, record: Fact | Wording) -> tuple[str, int]:
        source = self.of(record)
        return source.document.name, source.chunk.start


def _added_last(ordered: Sequence[RowT], added: Set[str]) -> list[RowT]:
    """In their order, but for those that were added later."""
    return sorted(ordered, key=lambda one: one.id in added)


def _row_drop(row: WrittenRow, verdict: Verdict, text: str) -> Drop:
    return Drop(
        subject_id=row.id,
        subject="row",
        reason=verdict.reason,
        detail=verdict.detail,
        text=_shown(text),
    )


def _shown(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
