"""Puts today's rows into the table that lists are read from, with what is said of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import Connection

from loresmith.curation import Source
from loresmith.curation.curation import with_evidence
from loresmith.curation.reviewing import OVERRULED_BY_CONFIRMATION
from loresmith.errors import DocumentError
from loresmith.records import (
    Chunk,
    Curated,
    Document,
    Fact,
    ImportedRow,
    Review,
    Wording,
    WrittenRow,
)
from loresmith.store.review_log import ReviewLog
from loresmith.store.row_index import IndexedPassage, IndexedRow, IndexState, Judgement, RowIndex
from loresmith.store.row_query import SUBJECT_MARK
from loresmith.workspace.context import Context
from loresmith.workspace.imported_rows import imported_rows
from loresmith.workspace.reviews import latest, reviews
from loresmith.workspace.rows.conversations import LISTED, shown_written
from loresmith.workspace.rows.judging import Judge
from loresmith.workspace.rows.stamp import stamp_of
from loresmith.workspace.rows.standing import place_in_family, reviewed, settled
from loresmith.workspace.rows.superseded import EVIDENCE_GONE, Superseded, superseded
from loresmith.workspace.steps.asking import passages
from loresmith.workspace.steps.curate import curated, filtered, unreviewed_key
from loresmith.workspace.steps.generate import facts, wordings, written_rows
from loresmith.workspace.steps.judging import is_judging, rated_rows, without_low


def list_rows(context: Context) -> None:
    """Builds the index anew from the records of today. Reviews are read in the transaction that
    writes, so that none is lost that is made meanwhile."""
    index = RowIndex(context.engine, project_id=context.project_id)
    context.memory.clear()
    stamp = stamp_of(context)
    written = _Written.of(context)
    said = _Said.of(context, written)
    with index.writing() as connection:
        log = ReviewLog(connection, project_id=context.project_id)
        today = latest(context.store.all(Review))
        if not said.curated:
            said = said.carried_over(index, connection)
        rows = _rows(written, said, today)
        index.replace(connection, rows, written.indexed_passages())
        index.set_state(connection, IndexState(stamp, said.key, log.last()))
        _judge_changed(context, index, connection, today)


def _judge_changed(
    context: Context, index: RowIndex, connection: Connection, reviews: Mapping[str, Review]
) -> None:
    """Asks the filters about rows on which a review bears in a way that curation has not seen."""
    changed = [row for row in index.rows(connection, list(reviews)) if _bears(row, reviews[row.id])]
    families = [row.fact_id for row in changed if row.fact_id]
    alone = [row for row in changed if not row.fact_id]
    judge = Judge(context.recipe.curation, context.store, index, connection)
    whole = [*index.families(connection, list(dict.fromkeys(families))), *alone]
    index.update(connection, judge.judged(whole, reviews))


def _bears(row: IndexedRow, review: Review) -> bool:
    edited = (review.question, review.answer, review.short_answer) != (None, None, None)
    return edited or (review.verdict == "confirmed" and row.objection in OVERRULED_BY_CONFIRMATION)


_PENDING = Judgement("pending")


class _Said(NamedTuple):
    """What curation said of today's rows, as far as it has run."""

    key: str
    """Of the curation without reviews; empty where none has run."""
    curated: bool
    judgements: Mapping[str, Judgement]
    evidence: Mapping[str, bool]
    rated: Mapping[str, Mapping[str, object]]
    """What the index says of the judge's ratings."""

    @classmethod
    def of(cls, context: Context, written: _Written) -> _Said:
        if not (written.passages or written.conversations):
            return cls("", False, {}, {}, {})
        key = unreviewed_key(context)
        plain, now = context.store.one(Curated, key), curated(context)
        if plain is not None:
            plain = without_low(context, plain)
        judgements = _judgements(now) | {
            row: judgement
            for row, judgement in _judgements(plain).items()
            if now is None or row in reviews(context)
        }
        evidence = {fact.id: bool(fact.evidence) for fact in (now.facts if now else ())}
        rated = _rated(context)
        return cls(key, plain is not None or now is not None, judgements, evidence, rated)

    def carried_over(self, index: RowIndex, connection: Connection) -> _Said:
        """What the index said before, where that came from the same curation."""
        before = index.state(connection)
        if before is None or not self.key or before.curation != self.key:
            return self._replace(key="")
        known = index.judgements(connection).items()
        return self._replace(judgements={row: one for row, one in known if one.state != "stale"})


def _judgements(found: Curated | None) -> dict[str, Judgement]:
    """What the filters said in one curation; what reviewers said is left out."""
    if found is None:
        return {}
    kept = {row.id: Judgement("kept") for row in (*found.facts, *found.wordings, *found.rows)}
    return kept | {
        drop.subject_id: Judgement("dropped", drop.reason, drop.detail)
        for drop in found.drops
        if drop.reason not in _BY_REVIEW
    }


def _rated(context: Context) -> dict[str, Mapping[str, object]]:
    kept, judge = filtered(context), context.recipe.curation.judge
    if kept is None or not is_judging(context):
        return {}
    return {
        row: {"rating": round(judge.overall(rating), 2), "rating_id": rating.id}
        for row, rating in rated_rows(context, kept).items()
    }


_BY_REVIEW = ("rejected_by_reviewer", "fact_edited")


class _Written(NamedTuple):
    """Today's records, by passage."""

    passages: Sequence[tuple[Chunk, Document]]
    facts: Mapping[str, list[Fact]]
    wordings: Mapping[str, list[Wording]]
    """By fact, and abstentions by passage."""
    conversations: Mapping[str, list[WrittenRow]]
    """By their first passage; under "" those that were written without a document."""
    imported: Iterable[ImportedRow]
    """Read while they are listed: they may be many."""
    superseded: Mapping[str, list[Superseded]]
    """Facts of earlier texts, by the name of the document."""

    @classmethod
    def of(cls, context: Context) -> _Written:
        try:
            found = passages(context)
        except DocumentError:  # no document is left; imported rows need none
            found = []
        in_order = sorted(found, key=lambda one: (one[1].name, one[0].start))
        by_chunk: dict[str, list[Fact]] = {}
        by_fact: dict[str, list[Wording]] = {}
        if found:
            for fact in sorted(facts(context), key=lambda one: (one.index, one.id)):
                by_chunk.setdefault(fact.chunk_id, []).append(fact)
            for wording in sorted(wordings(context), key=place_in_family):
                by_fact.setdefault(wording.fact_id or wording.chunk_id, []).append(wording)
        today = {document.id: document for _, document in in_order}
        first: list[Fact | Wording] = []
        if found:
            first = [*facts(context), *(w for w in wordings(context) if not w.fact_id)]
        stale = superseded(context, today.values(), first)
        free = context.recipe.generation.needs_no_document
        talks: dict[str, list[WrittenRow]] = {}
        for row in written_rows(context) if found or free else ():
            if row.content.shape in LISTED:
                talks.setdefault(row.chunk_ids[0] if row.chunk_ids else "", []).append(row)
        return cls(in_order, by_chunk, by_fact, talks, imported_rows(context), stale)

    def indexed_passages(self) -> Iterator[IndexedPassage]:
        for position, (chunk, document) in enumerate(self.passages):
            yield IndexedPassage(
                chunk.id, position, document.id, document.name, chunk.start, chunk.end
            )


def _rows(written: _Written, said: _Said, reviews: Mapping[str, Review]) -> Iterator[IndexedRow]:
    """All rows in order, family by family."""
    position = 0
    for family in _families(written, said):
        placed = []
        for row in family:
            known = {"position": position, **said.rated.get(row.id, {})}
            placed.append(reviewed(row.model_copy(update=known), reviews.get(row.id)))
            position += 1
        yield from settled(placed)


def _families(written: _Written, said: _Said) -> Iterator[list[IndexedRow]]:
    for name, cut in groupby(written.passages, key=lambda one: one[1].name):
        for chunk, document in cut:
            for fact in written.facts.get(chunk.id, ()):
                yield _family(
                    [fact, *written.wordings.get(fact.id, ())],
                    name,
                    _has_evidence(fact, Source(document, chunk), said),
                    said.judgements,
                )
            for abstention in written.wordings.get(chunk.id, ()):
                yield _family([abstention], name, False, said.judgements)
            for row in written.conversations.get(chunk.id, ()):
                yield [_conversation(row, document, said)]
        for old in written.superseded.get(name, ()):
            evidence = old.said.objection != EVIDENCE_GONE
            judgements = {one.id: old.said for one in old.records}
            yield _family(old.records, name, evidence, judgements)
    for row in written.conversations.get("", ()):
        yield [_conversation(row, None, said)]
    for imported in written.imported:
        yield [_imported(imported)]


def _family(
    records: Sequence[Fact | Wording],
    document: str,
    evidence: bool,
    judgements: Mapping[str, Judgement],
) -> list[IndexedRow]:
    tag = next((one.tag for one in records if isinstance(one, Fact)), ())
    return [
        _row(one, document, evidence, judgements.get(one.id, _PENDING)).model_copy(
            update={"subject": SUBJECT_MARK.join(tag)}
        )
        for one in records
    ]


def _has_evidence(fact: Fact, source: Source, said: _Said) -> bool:
    if fact.id not in said.evidence:
        return bool(with_evidence(fact, source).evidence)
    return said.evidence[fact.id]


def _row(record: Fact | Wording, document: str, evidence: bool, judgement: Judgement) -> IndexedRow:
    return _NEW.model_copy(
        update={
            "id": record.id,
            "fact_id": record.id if isinstance(record, Fact) else record.fact_id,
            "document_id": record.document_id,
            "chunk_id": record.chunk_id,
            "document": document,
            "language": record.language,
            "use": "training" if isinstance(record, Fact) else record.use,
            "kind": "pair" if isinstance(record, Fact) else record.kind,
            "evidence": evidence,
            "judgement": judgement.state,
            "objection": judgement.objection,
            "objection_detail": judgement.detail,
            "question": record.question,
            "answer": record.answer,
            "short_answer": record.short_answer,
        }
    )


def _conversation(record: WrittenRow, document: Document | None, said: _Said) -> IndexedRow:
    shown, judgement = shown_written(record), said.judgements.get(record.id, _PENDING)
    return _NEW.model_copy(
        update={
            "id": record.id,
            "document_id": document.id if document else None,
            "chunk_id": record.chunk_ids[0] if record.chunk_ids else None,
            "document": document.name if document else record.kind,
            "language": record.language,
            "kind": record.content.shape,
            "evidence": bool(record.fact_ids) or record.content.shape == "text",
            "judgement": judgement.state,
            "objection": judgement.objection,
            "objection_detail": judgement.detail,
            "question": shown.question,
            "answer": shown.answer,
        }
    )


def _imported(record: ImportedRow) -> IndexedRow:
    question, answer = record.messages[-2:]
    return _NEW.model_copy(
        update={
            "id": record.id,
            "document": record.source,
            "language": record.language,
            "kind": "imported",
            "judgement": "kept",
            "question": question.content,
            "answer": answer.content,
        }
    )


_NEW = IndexedRow(
    id="",
    position=0,
    fact_id=None,
    document_id=None,
    chunk_id=None,
    document="",
    language="",
    use="training",
    kind="pair",
    evidence=False,
    judgement="pending",
    objection="",
    objection_detail="",
    state="pending",
    reason="",
    detail="",
    verdict="pending",
    reviewed_at="",
    note="",
    question="",
    answer="",
    short_answer="",
)
