"""Asks the filters about single rows: a reviewer hears at once what they say of a change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

from loresmith.curation import Claim, Curation, Kept, Source
from loresmith.curation.curation import with_evidence
from loresmith.curation.grounds import Ground
from loresmith.curation.reviewing import (
    outdated,
    outdated_row,
    overruled_by,
    reviewed_fact,
    reviewed_row,
    reviewed_wording,
)
from loresmith.curation.row_judging import RowJudge
from loresmith.records import (
    Chunk,
    Document,
    Fact,
    ImportedRow,
    Rating,
    Review,
    Verdict,
    Wording,
    WrittenRow,
)
from loresmith.store import Store
from loresmith.store.row_index import IndexedRow, RowIndex
from loresmith.workspace.imported_rows import as_reviewed
from loresmith.workspace.rows.conversations import LISTED, shown_written
from loresmith.workspace.rows.standing import reviewed, settled


class Judge:
    """The filters of a project, put to rows as the index has them.

    It knows a row's rivals (rows that ask the same, facts on the same text) from the index alone;
    curation, which sees all rows at once, has the last word when it runs.
    """

    def __init__(
        self, curation: Curation, store: Store, index: RowIndex, connection: Connection
    ) -> None:
        self._curation = curation
        self._store = store
        self._index = index
        self._connection = connection
        self._sources: dict[str, Source] = {}
        self._documents: dict[str, Document] = {}

    def judged(self, rows: Sequence[IndexedRow], reviews: Mapping[str, Review]) -> list[IndexedRow]:
        """These rows, whole families of them, with texts, judgement and state as reviewed."""
        facts = self._facts([row.fact_id for row in rows if row.fact_id], reviews)
        wordings = {one.id: one for one in self._store.get(Wording, [row.id for row in rows])}
        talks = {one.id: one for one in self._store.get(WrittenRow, [row.id for row in rows])}
        imports = {one.id: one for one in self._store.get(ImportedRow, [row.id for row in rows])}
        families: dict[str, list[IndexedRow]] = {}
        for row in rows:
            review, fact = reviews.get(row.id), facts.get(row.fact_id or "")
            shown = reviewed(row, review)
            if row.id in imports:
                shown = _imported(shown, imports[row.id], review)
            elif row.id in talks:
                shown = self._conversation(shown, talks[row.id], review, reviews)
            elif row.id in wordings:
                shown = self._wording(shown, wordings[row.id], fact, reviews)
            elif fact is not None:
                shown = self._fact(shown, fact, review)
            shown = self._rated(shown)
            families.setdefault(row.fact_id or row.id, []).append(shown)
        return [row for family in families.values() for row in settled(family)]

    def _fact(self, row: IndexedRow, fact: Fact, review: Review | None) -> IndexedRow:
        claim = Claim.of_fact(fact, self._source(fact), self._rivals(row, fact.question, fact))
        return self._put(
            row.model_copy(
                update={
                    "question": fact.question,
                    "answer": fact.answer,
                    "short_answer": fact.short_answer,
                    "evidence": bool(fact.evidence),
                }
            ),
            claim,
            review,
        )

    def _wording(
        self,
        row: IndexedRow,
        wording: Wording,
        fact: Fact | None,
        reviews: Mapping[str, Review],
    ) -> IndexedRow:
        review, fact_review = reviews.get(wording.id), reviews.get(wording.fact_id or "")
        worded = reviewed_wording(wording, review, fact, fact_review)
        row = row.model_copy(
            update={
                "question": worded.question,
                "answer": worded.answer,
                "short_answer": worded.short_answer,
                "evidence": bool(fact and fact.evidence),
            }
        )
        stale = outdated(wording, review, fact_review)
        if stale is not None and row.judgement != "stale":
            return _with(row, stale)
        rivals = self._rivals(row, worded.question, None)
        claim = Claim.of_wording(worded, fact, self._source(wording), rivals)
        return self._put(row, claim, review)

    def _conversation(
        self,
        row: IndexedRow,
        record: WrittenRow,
        review: Review | None,
        reviews: Mapping[str, Review],
    ) -> IndexedRow:
        """The row as edited; a fact that was thrown out is found when curation runs."""
        written = reviewed_row(record, review)
        grounds = {
            fact.id: Ground(fact, self._source(fact))
            for fact in self._facts(record.fact_ids, reviews).values()
        }
        shown = shown_written(written)
        texts = {"question": shown.question, "answer": shown.answer}
        judge = RowJudge(self._curation.filters, grounds, overruled=overruled_by(review))
        source = next((ground.source for ground in grounds.values()), None)
        verdict = outdated_row(written, review, reviews) or judge.judge(written, source)
        return _with(row.model_copy(update=texts), verdict)

    def _put(self, row: IndexedRow, claim: Claim, review: Review | None) -> IndexedRow:
        """The row with what the filters say: for a confirmed one also what was overruled."""
        if row.judgement == "stale":
            return row  # its text is gone, and nothing can be held against it
        plain = self._curation.verdict(claim)
        if plain.keep or review is None or review.verdict != "confirmed":
            return _with(row, plain)
        if self._curation.verdict(claim, review).keep:
            kept = "pending" if row.judgement == "pending" else "kept"
            return _with(row, plain).model_copy(update={"judgement": kept})
        return _with(row, self._curation.verdict(claim, review))

    def _rated(self, row: IndexedRow) -> IndexedRow:
        """A row that the filters keep, with what the judge of its source has against it."""
        if row.judgement != "kept" or row.objection or not row.rating_id:
            return row
        verdict = self._curation.judge.verdict(self._store.one(Rating, row.rating_id))
        judged = _with(row, verdict)
        if verdict.keep or row.verdict not in ("confirmed", "edited"):
            return judged
        return judged.model_copy(update={"judgement": "kept"})

    def _rivals(self, row: IndexedRow, question: str, fact: Fact | None) -> Kept:
        """The claims before this row that it might repeat."""
        found = self._index.asking_the_same(self._connection, question)
        if fact is not None:
            found += self._index.facts_of(self._connection, fact.chunk_id)
        before = {one.id: one for one in found if one.fact_id and _rank(one) < _rank(row)}
        facts = self._facts([one.fact_id for one in before.values() if one.fact_id], {})
        kept = Kept()
        for other in sorted(before.values(), key=_rank):
            about = facts[other.fact_id or ""]
            kept.add(_claim_of(other, about, self._source(about), kept))
        return kept

    def _facts(self, ids: Iterable[str], reviews: Mapping[str, Review]) -> dict[str, Fact]:
        """Facts as reviewed, with the places of their evidence."""
        return {
            fact.id: with_evidence(reviewed_fact(fact, reviews.get(fact.id)), self._source(fact))
            for fact in self._store.get(Fact, list(dict.fromkeys(ids)))
        }

    def _source(self, record: Fact | Wording) -> Source:
        if record.chunk_id not in self._sources:
            (chunk,) = self._store.get(Chunk, [record.chunk_id])
            document = self._documents.get(record.document_id)
            if document is None:
                (document,) = self._store.get(Document, [record.document_id])
                self._documents[document.id] = document
            self._sources[chunk.id] = Source(document, chunk)
        return self._sources[record.chunk_id]


_USES = ("training", "practice", "exam")


def _rank(row: IndexedRow) -> tuple[int, int]:
    """The order in which curation looks at rows: facts first, then wordings by their use."""
    return (-1 if row.kind == "pair" else _USES.index(row.use), row.position)


def _claim_of(row: IndexedRow, fact: Fact, source: Source, earlier: Kept) -> Claim:
    return Claim(
        id=row.id,
        question=row.question,
        answer=row.answer,
        short_answer=row.short_answer,
        kind="pair" if row.kind == "imported" or row.kind in LISTED else row.kind,  # type: ignore[arg-type]
        language=row.language,
        source=source,
        fact=fact,
        earlier=earlier,
    )


def _imported(row: IndexedRow, record: ImportedRow, review: Review | None) -> IndexedRow:
    """An imported row has no source to be held against: it only must not be empty."""
    question, answer = (one.content for one in as_reviewed(record, review).messages[-2:])
    row = row.model_copy(update={"question": question, "answer": answer})
    whole = question.strip() and answer.strip()
    return _with(row, Verdict(keep=True) if whole else Verdict(keep=False, reason="empty"))


def _with(row: IndexedRow, verdict: Verdict) -> IndexedRow:
    """The row as the filters judge it; one that curation has yet to see stays pending."""
    judgement = "dropped" if not verdict.keep else row.judgement
    if verdict.keep and row.judgement != "pending":
        judgement = "kept"
    return row.model_copy(
        update={
            "judgement": judgement,
            "objection": verdict.reason,
            "objection_detail": verdict.detail,
        }
    )
