"""What lists, reviews and maps of rows tell, as records: pages, API and Python see the same."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from loresmith.component import content_id
from loresmith.records import CriterionScore, Record, Review, ReviewVerdict, Section, Span
from loresmith.store.row_index import IndexedRow
from loresmith.store.row_query import RowState
from loresmith.workspace.places import EvidencePlace


class RowPage(Record):
    """Some rows of a list, in order."""

    rows: tuple[IndexedRow, ...]
    """The rows of this page."""
    before: str | None
    """Ask with it for the page before; None on the first."""
    after: str | None
    """Ask with it for the page after; None on the last."""
    total: int
    """How many rows the filter matches."""
    current: bool
    """False while the list is being built anew: rows may be missing or out of date."""


class Facet(Record):
    """A value that rows of the list have, and how many have it."""

    value: str
    count: int


class Facets(Record):
    """What the rows can be filtered by. The counts of a field disregard that field's own filter,
    so that they say what choosing another value would bring."""

    total: int
    """Rows that the whole filter matches."""
    document: tuple[Facet, ...]
    use: tuple[Facet, ...]
    kind: tuple[Facet, ...]
    state: tuple[Facet, ...]
    verdict: tuple[Facet, ...]
    reason: tuple[Facet, ...]
    language: tuple[Facet, ...]
    evidence: tuple[Facet, ...]
    """`true` and `false`."""
    subject: tuple[Facet, ...]
    """Wider subjects count all that is below them."""
    stars: tuple[Facet, ...]
    """`0` are rows that nobody gave any."""
    tags: tuple[Facet, ...]


class SourceText(Record):
    """The passage that a row was written from, with the places of its evidence."""

    document: str
    """The document's name."""
    document_id: str
    start: int
    """Where the passage begins in the document's text, in code points."""
    end: int
    """Where it ends."""
    context: str
    """The headings above it."""
    text: str
    """The document's text from `start` to `end`."""
    evidence: tuple[Span, ...]
    """Where the evidence stands in the document; it need not be within the passage."""
    elsewhere: tuple[str, ...]
    """The evidence that stands outside the passage, in a heading far above, say."""
    sections: tuple[Section, ...] = ()
    """The pages, slides, sheets or chapters that the passage lies on."""
    places: tuple[EvidencePlace, ...] = ()
    """Where each piece of evidence is to be found, also that of other documents."""


class AnswerPart(Record):
    """A piece of an answer."""

    text: str
    figure: Literal["", "found", "computed", "missing"] = ""
    """For a figure: whether the evidence has it, a formula gives it, or neither."""


class AsWritten(Record):
    """The texts that the teacher wrote, before anybody edited them."""

    question: str
    answer: str
    short_answer: str


class JudgedRating(Record):
    """What the judge said of a row as it stands."""

    overall: float
    """From 0 to 5."""
    scores: tuple[CriterionScore, ...]
    model: str


class RowView(Record):
    """One row with all that a reviewer wants to see beside it."""

    row: IndexedRow
    as_written: AsWritten
    """What it was before it was edited."""
    fact_question: str
    """The question of the fact that it asks for; empty for a row without a fact."""
    source: SourceText | None
    """None for imported rows."""
    answer_parts: tuple[AnswerPart, ...]
    """The answer, cut at its figures."""
    model: str
    """Who wrote it; empty for imported rows."""
    prompt_version: str
    rating: JudgedRating | None = None
    """What the judge said; None where it was not asked about the row as it stands."""
    siblings: tuple[IndexedRow, ...]
    """The other rows about its fact."""
    history: tuple[Review, ...]
    """All reviews of it, oldest first."""
    version: str = Field(examples=["4b0c9e0f0d7f4e6d8a1b2c3d"])
    """Changes with its texts and its verdict: what an edit names as the state it is an edit of."""


class Reviewed(Record):
    """What a review brought."""

    act: str
    """The id of what was done; empty where no row was reviewed."""
    rows: int
    """How many rows were reviewed."""
    kept: int
    """How many of them are kept now."""
    unchecked: int = 0
    """How many of them curation has not seen yet: it runs before a dataset is frozen."""


class Undone(Record):
    """What taking a review back brought."""

    rows: int
    """How many rows are as they were before; 0 where there was nothing to take back."""
    left: int
    """Rows that somebody has reviewed again since; they stay as they are."""
    row: str = ""
    """The row, where it is one."""


class Edited(Record):
    """An edited row, and what the filters say of it."""

    view: RowView
    objection: str
    """The reason for which it is dropped as it stands, empty where it passes."""
    detail: str
    """Why, in this case."""
    left_out: int = 0
    """How many other rows about its fact are dropped now because of it."""


class PassageRows(Record):
    """A passage of a document, and how many rows it has."""

    chunk_id: str
    start: int
    end: int
    kept: int
    dropped: int
    pending: int


class DocumentMap(Record):
    """Where a document has rows."""

    document: str
    document_id: str
    length: int
    """Code points up to the end of the last passage."""
    passages: tuple[PassageRows, ...]


class Progress(Record):
    """How far the reviewing is."""

    reviewed: int
    total: int


class Neighbours(Record):
    """The rows beside one in a list."""

    previous: str | None
    next: str | None
    number: int
    """Its place in the list, from 1; 0 where the list does not have it."""
    total: int


def version_of(row: IndexedRow) -> str:
    """Stands for what an editor of a row has seen of it."""
    parts: tuple[str | ReviewVerdict | RowState, ...] = (
        row.id,
        row.question,
        row.answer,
        row.short_answer,
        row.verdict,
        row.reviewed_at,
    )
    return content_id(*parts)
