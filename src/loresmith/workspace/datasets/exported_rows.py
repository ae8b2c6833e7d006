"""Which rows of a version go into a file, in which shape, and what the project knows of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from loresmith.component import content_id
from loresmith.datasets.build import imported_example
from loresmith.datasets.choosing import ChoosableRow, Chosen, choose, subject_of
from loresmith.datasets.exporting import (
    RowShape,
    SourcedRow,
    shaped,
    told_places,
    with_system_prompt,
    without_thoughts,
)
from loresmith.records import (
    Chunk,
    Document,
    Example,
    Fact,
    FeedbackExample,
    ImportedRow,
    PreferenceExample,
    SplitName,
    TrainingRow,
    Wording,
    WrittenRow,
)
from loresmith.workspace.context import Context
from loresmith.workspace.frozen_rows import FrozenRows, RowFilter, frozen_rows
from loresmith.workspace.imported_rows import reviewed_rows
from loresmith.workspace.reviews import confirmed, reviews, with_stars

if TYPE_CHECKING:
    from loresmith.workspace.datasets.exports import ExportSettings

_AT_ONCE = 500


class ExportedRows:
    """The rows of one version as `wanted` has them; they are read anew for each file."""

    def __init__(self, context: Context, dataset_id: str, wanted: ExportSettings) -> None:
        self._context = context
        self._dataset_id = dataset_id
        self._wanted = wanted
        self._choices: dict[SplitName | None, Chosen] = {}

    def of(self, split: SplitName | None) -> Iterator[SourcedRow]:
        """The rows of a split, or of both, in the version's order."""
        rows = self._shaped(split)
        form = self._wanted.form
        sourced = (
            _with_sources(self._context, rows) if form.needs_sources else map(SourcedRow, rows)
        )
        return _with_places(self._context, sourced) if form.needs_places else sourced

    def count(self, split: SplitName | None) -> int:
        """How many there are."""
        return sum(1 for _ in self._shaped(split))

    def _shaped(self, split: SplitName | None) -> Iterator[TrainingRow]:
        wanted, shape = self._wanted, self._wanted.form.shape
        for example in self._chosen(split):
            for row in self._in_shape(example, shape):
                row = with_system_prompt(row, wanted.system_prompt)
                yield row if wanted.reasoning else without_thoughts(row)

    def left_out(self, split: SplitName | None) -> dict[str, int]:
        """How many rows the choice by subject leaves out, by reason."""
        chosen = self._by_subject(split)
        return dict(Counter(chosen.left_out.values())) if chosen is not None else {}

    def _chosen(self, split: SplitName | None) -> Iterator[Example]:
        chosen = self._by_subject(split)
        for example in self._fitting(split):
            if chosen is None or example.id in chosen.ids:
                yield example

    def _by_subject(self, split: SplitName | None) -> Chosen | None:
        """Which rows go in by their subject; None where that does not matter. Each split is
        evened out by itself."""
        wanted = self._wanted
        if not (wanted.subjects or wanted.per_subject is not None):
            return None
        if split not in self._choices:
            rows = _choosable(self._context, self._fitting(split))
            self._choices[split] = choose(
                rows, subjects=wanted.subjects, per_subject=wanted.per_subject
            )
        return self._choices[split]

    def _fitting(self, split: SplitName | None) -> Iterator[Example]:
        wanted = self._wanted
        rows = frozen_rows(self._context, self._dataset_id)
        asked = RowFilter(
            split=split, language=wanted.language, document=wanted.document, search=wanted.search
        )
        for example in _that_fit(rows, asked):
            if wanted.confirmed_only and self._confirmed.subject(example) is None:
                continue
            if wanted.min_stars and self._starred.subject(example) is None:
                continue
            if wanted.rows and example.id not in self._ids and not self._chosen_by_subject(example):
                continue
            yield example

    def _chosen_by_subject(self, example: Example) -> bool:
        return self._subjects.subject(example) is not None

    def _in_shape(self, example: Example, shape: RowShape) -> Iterator[TrainingRow]:
        """The row itself, or what its reviewer's word makes of it."""
        if shape not in ("preference", "feedback"):
            yield from shaped(example, shape)
            return
        subject = self._confirmed.subject(example)
        if subject is None:
            return
        judged = self._judged(example, subject)
        if isinstance(judged, PreferenceExample) or shape == "feedback":
            yield from shaped(judged, shape)

    def _judged(self, example: Example, subject: str) -> PreferenceExample | FeedbackExample:
        """A row that a person edited: their answer is better than the one that was written. One
        that they confirmed: its answer was liked."""
        answer, prompt = example.messages[-1].content, example.messages[:-1]
        review = reviews(self._context)[subject]
        before = self._as_written(subject) if review.answer is not None else None
        about: dict[str, Any] = {
            "language": example.language,
            "split": example.split,
            "provenance": example.provenance,
        }
        if before is not None and before.strip() != answer.strip():
            return PreferenceExample(
                id=content_id("edited", example.id, before),
                prompt=prompt,
                chosen=answer,
                rejected=before,
                **about,
            )
        return FeedbackExample(
            id=content_id("confirmed", example.id),
            prompt=prompt,
            completion=answer,
            desirable=True,
            **about,
        )

    def _as_written(self, subject: str) -> str | None:
        """The answer that a row had before anybody edited it."""
        store = self._context.store
        written = store.one(Wording, subject) or store.one(Fact, subject)
        if written is not None:
            return written.answer
        row = store.one(ImportedRow, subject)
        return row.messages[-1].content if row is not None else None

    @cached_property
    def _confirmed(self) -> Subjects:
        return Subjects(self._context, confirmed(self._context))

    @cached_property
    def _starred(self) -> Subjects:
        return Subjects(self._context, with_stars(self._context, self._wanted.min_stars))

    @cached_property
    def _ids(self) -> frozenset[str]:
        return frozenset(self._wanted.rows)

    @cached_property
    def _subjects(self) -> Subjects:
        return Subjects(self._context, self._wanted.rows)


class Subjects:
    """Finds out which rows of a version were made of some facts, wordings or imported rows.

    A row of a dataset does not name its wording, but its id is made of the wording's: so each
    wording of its fact that is asked for is tried.
    """

    def __init__(self, context: Context, ids: Iterable[str]) -> None:
        self._asked = frozenset(ids)
        self._wordings: dict[str | None, list[str]] = {}
        self._others: dict[str, list[str]] = {}
        ordered = iter(sorted(self._asked))
        while some := list(islice(ordered, _AT_ONCE)):
            for wording in context.store.get(Wording, some):
                self._wordings.setdefault(wording.fact_id, []).append(wording.id)
            for row in context.store.get(WrittenRow, some):
                self._others.setdefault(row.kind, []).append(row.id)
        self._imported = {
            imported_example(row).id: row.id
            for row in (reviewed_rows(context) if self._asked else ())
            if row.id in self._asked
        }

    def subject(self, example: Example) -> str | None:
        """The one of those asked for that the row was made of; None where it is another."""
        if example.id in self._imported:
            return self._imported[example.id]
        fact = example.provenance.fact_id
        candidates = [*([fact] if fact in self._asked else []), *self._wordings.get(fact, ())]
        candidates += self._others.get(example.provenance.kind, ())
        if not candidates:
            return None
        plain = [message.model_dump() for message in example.messages]
        return next(
            (one for one in candidates if content_id("example", one, plain) == example.id), None
        )


def _that_fit(rows: FrozenRows, wanted: RowFilter) -> Iterator[Example]:
    if wanted.search:
        places = rows.places(wanted)
        for start in range(0, len(places), _AT_ONCE):
            yield from rows.at(places[start : start + _AT_ONCE])
        return
    needles = wanted.needles
    for line in rows.lines():
        if all(needle in line for needle in needles):
            yield Example.model_validate_json(line)


def _choosable(context: Context, rows: Iterator[Example]) -> Iterator[ChoosableRow]:
    """Rows with the subjects of their facts, some hundreds looked up at a time; of an imported row
    its first tag is the subject."""
    turns: Counter[str] = Counter()
    while some := list(islice(rows, _AT_ONCE)):
        about = {row.id: _first_fact(row) for row in some}
        facts = context.store.get(Fact, sorted({fact for fact in about.values() if fact}))
        subjects = {fact.id: subject_of(fact.tag) for fact in facts}
        for row in some:
            fact = about[row.id]
            tags = row.provenance.tags[:1]
            subject = subjects.get(fact, "") if fact else subject_of(tags)
            yield ChoosableRow(row.id, subject, turns[fact] if fact else 0)
            turns[fact] += bool(fact)


def _first_fact(row: Example) -> str:
    origin = row.provenance
    return origin.fact_id or next(iter(origin.fact_ids), "")


def _with_sources(context: Context, rows: Iterator[TrainingRow]) -> Iterator[SourcedRow]:
    """The rows with quotes and passage of their facts, some hundreds looked up at a time."""
    while some := list(islice(rows, _AT_ONCE)):
        named = {row.provenance.fact_id for row in some} - {None}
        facts = {one.id: one for one in context.store.get(Fact, sorted(filter(None, named)))}
        wanted = sorted({fact.chunk_id for fact in facts.values()})
        passages = {one.id: one.text for one in context.store.get(Chunk, wanted)}
        for row in some:
            fact = facts.get(row.provenance.fact_id or "")
            if fact is None:
                yield SourcedRow(row)
                continue
            passage = passages.get(fact.chunk_id, "")
            yield SourcedRow(row, fact.quotes, fact.short_answer, passage)


def _with_places(context: Context, rows: Iterator[SourcedRow]) -> Iterator[SourcedRow]:
    """The rows with the pages of their evidence; of each document only its pages are kept."""
    known: dict[str, Document] = {}
    while some := list(islice(rows, _AT_ONCE)):
        cited = {span.document_id for row in some for span in row.row.provenance.evidence}
        for document in context.store.get(Document, sorted(cited - known.keys())):
            known[document.id] = document.model_copy(update={"text": "", "headings": ()})
        for row in some:
            yield row._replace(places=told_places(row.row.provenance, known))
