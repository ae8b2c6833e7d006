"""Today's rows as one table, so that the database filters, searches, sorts and pages them.

It is a projection: all that is in it follows from the records, and it can be built again from
them at any time (`workspace.rows.projection` does).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Row,
    String,
    Table,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)

from loresmith.database import transaction
from loresmith.records import Record, ReviewVerdict, WordingUse
from loresmith.store.row_query import (
    SUBJECT_MARK,
    Cursor,
    RowFilter,
    RowKind,
    RowOrder,
    RowState,
    folded,
)
from loresmith.store.row_tables import PASSAGES, ROWS, STATES


class IndexedRow(Record):
    """A question with its answer, as lists show it."""

    id: str
    """The id of the fact, wording or imported row."""
    position: int
    """Its place among all rows: by document, passage, fact and wording."""
    fact_id: str | None
    """The fact that it asks for; None for abstentions and imported rows."""
    document_id: str | None
    """The document that it was written from; None for imported rows."""
    chunk_id: str | None
    """The passage that it was written from; None for imported rows."""
    document: str
    """The document's name, or that of the imported file."""
    language: str
    """ISO 639-1 code."""
    use: WordingUse
    """What it is for."""
    kind: RowKind
    """How it asks."""
    evidence: bool
    """Whether its evidence was found in the source."""
    judgement: RowState
    """What the filters say of it as it stands, whatever reviewers say."""
    objection: str
    """Why the filters drop it, or why it is stale; empty where neither is."""
    objection_detail: str
    """Why, in this case."""
    state: RowState
    """Whether it is kept, all things considered."""
    reason: str
    """Why it is dropped or stale; empty where it is neither."""
    detail: str
    """Why, in this case."""
    verdict: ReviewVerdict
    """What a reviewer said last."""
    reviewed_at: str
    """When, in ISO 8601, UTC; empty where nobody did."""
    note: str
    """The reviewer's note."""
    stars: int = 0
    """What a person gave it, from 1 to 5; 0 where nobody did."""
    tags: tuple[str, ...] = ()
    """A person's own labels."""
    subject: str = ""
    """Its place in the domain tree, from the top down, parted by ` / `; empty for none."""
    rating: float | None = None
    """What the judge gave it, from 0 to 5; None where it was not judged as it stands."""
    rating_id: str = ""
    """The id of the judge's rating; empty for none."""
    question: str
    """As edited, if it was."""
    answer: str
    """As edited, if it was."""
    short_answer: str
    """The shortest phrase that answers."""


class IndexedPassage(NamedTuple):
    """A chunk of today, in the order of documents and places."""

    chunk_id: str
    position: int
    document_id: str
    document: str
    start: int
    end: int


class Judgement(NamedTuple):
    """What the filters say of a row, whatever reviewers say."""

    state: RowState
    objection: str = ""
    detail: str = ""


class IndexState(NamedTuple):
    """Of which records the index is a projection."""

    stamp: str
    """Stands for all that it was built from, but for reviews."""
    curation: str
    """The key of the (unreviewed) curation that its judgements come from; empty if none."""
    reviews: int
    """The sequence number of the last review that is in it."""


class FacetCell(NamedTuple):
    """How many rows share all these properties."""

    use: str
    kind: str
    state: str
    verdict: str
    reason: str
    language: str
    evidence: bool
    subject: str
    stars: int
    tags: str
    """As the table has them; `tags_of` reads them."""
    rows: int


class PassageCount(NamedTuple):
    """How many rows of a passage have a state."""

    chunk_id: str
    state: str
    rows: int


class RowSlice(NamedTuple):
    """Rows of a list, in order, and whether there are more on each side."""

    rows: tuple[IndexedRow, ...]
    more_before: bool
    more_after: bool


class RowIndex:
    """The rows of one project. Readers never wait for a writer; writers follow one another."""

    def __init__(self, engine: Engine, *, project_id: str) -> None:
        self._engine = engine
        self._project_id = project_id

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One transaction; raises StoreError."""
        with transaction(self._engine) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction, with no other writer of the project beside it; raises StoreError."""
        options = {"sqlite_begin": "IMMEDIATE"} if self._engine.dialect.name == "sqlite" else {}
        with transaction(self._engine.execution_options(**options)) as connection:
            if self._engine.dialect.name == "postgresql":
                key = func.hashtext(self._project_id)
                connection.execute(select(func.pg_advisory_xact_lock(key)))
            yield connection

    def state(self, connection: Connection) -> IndexState | None:
        """What the index was built from; None before it was built."""
        query = select(STATES.c.stamp, STATES.c.curation, STATES.c.reviews)
        found = connection.execute(query.where(self._mine(STATES))).first()
        return IndexState(*found) if found is not None else None

    def set_state(self, connection: Connection, state: IndexState) -> None:
        """Notes what the index is a projection of."""
        connection.execute(delete(STATES).where(self._mine(STATES)))
        connection.execute(insert(STATES), [{"project_id": self._project_id, **state._asdict()}])

    def replace(
        self,
        connection: Connection,
        rows: Iterable[IndexedRow],
        passages: Iterable[IndexedPassage],
    ) -> None:
        """Puts these in the place of all that was there."""
        for table in (ROWS, PASSAGES):
            connection.execute(delete(table).where(self._mine(table)))
        _insert_all(connection, ROWS, (self._values(row) for row in rows))
        own = {"project_id": self._project_id}
        _insert_all(connection, PASSAGES, ({**own, **one._asdict()} for one in passages))

    def update(
        self, connection: Connection, rows: Sequence[IndexedRow], *, standing_only: bool = False
    ) -> None:
        """Writes rows over what the index has under their ids; with `standing_only`, no more of
        them than what filters and reviewers say."""
        if not rows:
            return
        values = [_standing(row) if standing_only else self._values(row) for row in rows]
        names = [name for name in values[0] if name not in ("project_id", "id")]
        change = update(ROWS).where(self._mine(ROWS), ROWS.c.id == bindparam("row_id"))
        connection.execute(
            change.values({name: bindparam(f"new_{name}") for name in names}),
            [{"row_id": v["id"], **{f"new_{name}": v[name] for name in names}} for v in values],
        )

    def slice(
        self,
        connection: Connection,
        chosen: RowFilter,
        *,
        order: RowOrder = "position",
        cursor: Cursor | None = None,
        limit: int,
    ) -> RowSlice:
        """At most `limit` rows beside the cursor's place, or the first ones."""
        forward = cursor is None or cursor.forward
        key, descending = _KEYS[order.lstrip("-")], order.startswith("-")
        ascending = forward is not descending
        query = select(*_SHOWN).where(self._mine(ROWS), *_conditions(chosen))
        if cursor is not None:
            place, value = tuple_(key, ROWS.c.position), _fitting(key, cursor.value)
            here = tuple_(value, cursor.position)
            query = query.where(place > here if ascending else place < here)
        columns = (key, ROWS.c.position) if key is not ROWS.c.position else (key,)
        query = query.order_by(*(c.asc() if ascending else c.desc() for c in columns))
        found = [_row(one) for one in connection.execute(query.limit(limit + 1))]
        more, found = len(found) > limit, found[:limit]
        if forward:
            return RowSlice(tuple(found), cursor is not None, more)
        return RowSlice(tuple(reversed(found)), more, True)

    def place(self, row: IndexedRow, *, order: RowOrder, forward: bool) -> Cursor:
        """The cursor right after (or before) a row."""
        values: dict[str, str | int] = {
            "position": row.position,
            "question": _question_key(row.question),
            "length": len(row.answer),
            "reviewed": row.reviewed_at,
            "stars": row.stars,
        }
        value = values[order.lstrip("-")]
        return Cursor(forward, value, row.position)

    def count(self, connection: Connection, chosen: RowFilter) -> int:
        """How many rows match."""
        query = select(func.count()).where(self._mine(ROWS), *_conditions(chosen))
        return connection.scalar(query) or 0

    def cells(self, connection: Connection, chosen: RowFilter) -> list[FacetCell]:
        """The rows that match, counted by all their properties at once but for the document, of
        which there may be thousands."""
        columns = [ROWS.c[name] for name in FacetCell._fields[:-1]]
        query = select(*columns, func.count()).where(self._mine(ROWS), *_conditions(chosen))
        return [FacetCell._make(one) for one in connection.execute(query.group_by(*columns))]

    def counts_by_document(self, connection: Connection, chosen: RowFilter) -> dict[str, int]:
        """The rows that match, counted by the name of their document."""
        query = select(ROWS.c.document, func.count().label("rows"))
        query = query.where(self._mine(ROWS), *_conditions(chosen)).group_by(ROWS.c.document)
        return {row.document: row.rows for row in connection.execute(query)}

    def rows(self, connection: Connection, ids: Sequence[str]) -> list[IndexedRow]:
        """The rows with these ids, in the order of the list; unknown ids are left out."""
        found: list[IndexedRow] = []
        for part in _parts(ids, _IDS_AT_ONCE):
            query = select(*_SHOWN).where(self._mine(ROWS), ROWS.c.id.in_(part))
            found += (_row(one) for one in connection.execute(query))
        return sorted(found, key=lambda row: row.position)

    def ids(self, connection: Connection, chosen: RowFilter) -> list[str]:
        """The ids of all rows that match, in the order of the list."""
        query = select(ROWS.c.id).where(self._mine(ROWS), *_conditions(chosen))
        return list(connection.scalars(query.order_by(ROWS.c.position)))

    def chunk_ids(self, connection: Connection, chosen: RowFilter) -> list[str]:
        """The passages of today that the rows which match were written from, in order."""
        query = select(PASSAGES.c.chunk_id).where(
            self._mine(PASSAGES),
            PASSAGES.c.chunk_id.in_(
                select(ROWS.c.chunk_id).where(self._mine(ROWS), *_conditions(chosen))
            ),
        )
        return list(connection.scalars(query.order_by(PASSAGES.c.position)))

    def number(self, connection: Connection, chosen: RowFilter, position: int) -> int:
        """How many of the rows that match come before a position."""
        query = select(func.count()).where(
            self._mine(ROWS), *_conditions(chosen), ROWS.c.position < position
        )
        return connection.scalar(query) or 0

    def families(self, connection: Connection, facts: Sequence[str]) -> list[IndexedRow]:
        """The facts with these ids and all their wordings, in the order of the list."""
        found: list[IndexedRow] = []
        for part in _parts(facts, _IDS_AT_ONCE):
            query = select(*_SHOWN).where(self._mine(ROWS), ROWS.c.fact_id.in_(part))
            found += (_row(one) for one in connection.execute(query))
        return sorted(found, key=lambda row: row.position)

    def asking_the_same(self, connection: Connection, question: str) -> list[IndexedRow]:
        """The rows that are kept or pending and whose questions begin as `question` does."""
        query = select(*_SHOWN).where(
            self._mine(ROWS),
            ROWS.c.question_key == _question_key(question),
            ROWS.c.state.in_(("kept", "pending")),
        )
        return [_row(one) for one in connection.execute(query.order_by(ROWS.c.position).limit(50))]

    def facts_of(self, connection: Connection, chunk_id: str) -> list[IndexedRow]:
        """The facts of a passage that are kept or pending, in order."""
        query = select(*_SHOWN).where(
            self._mine(ROWS),
            ROWS.c.chunk_id == chunk_id,
            ROWS.c.kind == "pair",
            ROWS.c.state.in_(("kept", "pending")),
        )
        return [_row(one) for one in connection.execute(query.order_by(ROWS.c.position))]

    def judgements(self, connection: Connection) -> dict[str, Judgement]:
        """What the filters said of each row."""
        query = select(ROWS.c.id, ROWS.c.judgement, ROWS.c.objection, ROWS.c.objection_detail)
        found = connection.execute(query.where(self._mine(ROWS)))
        return {row_id: Judgement(state, why, detail) for row_id, state, why, detail in found}

    def passages(self, connection: Connection, document: str) -> list[IndexedPassage]:
        """The passages of the document of this name, in order."""
        columns = [PASSAGES.c[name] for name in IndexedPassage._fields]
        query = select(*columns).where(self._mine(PASSAGES), PASSAGES.c.document == document)
        found = connection.execute(query.order_by(PASSAGES.c.position))
        return [IndexedPassage(*one) for one in found]

    def documents(self, connection: Connection) -> list[str]:
        """The names of today's documents, in order."""
        query = select(PASSAGES.c.document, func.min(PASSAGES.c.position))
        query = query.where(self._mine(PASSAGES)).group_by(PASSAGES.c.document)
        found = connection.execute(query.order_by(func.min(PASSAGES.c.position)))
        return [name for name, _ in found]

    def passage_counts(self, connection: Connection, chunks: Sequence[str]) -> list[PassageCount]:
        """How many rows these passages have, by state."""
        found: list[PassageCount] = []
        columns = (ROWS.c.chunk_id, ROWS.c.state)
        for part in _parts(chunks, _IDS_AT_ONCE):
            query = select(*columns, func.count()).where(
                self._mine(ROWS), ROWS.c.chunk_id.in_(part)
            )
            found += (PassageCount(*one) for one in connection.execute(query.group_by(*columns)))
        return found

    def _values(self, row: IndexedRow) -> dict[str, Any]:
        return {
            "project_id": self._project_id,
            **row.model_dump(),
            "tags": tags_text(row.tags),
            "question_key": _question_key(row.question),
            "length": len(row.answer),
            "searched": folded(f"{row.question}\n{row.answer}\n{row.short_answer}"),
        }

    def _mine(self, table: Table) -> ColumnElement[bool]:
        return table.c.project_id == self._project_id


_STANDING = (
    *("judgement", "objection", "objection_detail", "state", "reason", "detail"),
    *("verdict", "reviewed_at", "note", "stars"),
)
"""The columns that a review changes where it changes no text. Others, and their indexes, are spared
the writing."""
_IDS_AT_ONCE = 500
_ROWS_AT_ONCE = 2_000
_KEY_LENGTH = 80
_SHOWN = [ROWS.c[name] for name in IndexedRow.model_fields]
_KEYS: Mapping[str, Column[Any]] = {
    "position": ROWS.c.position,
    "question": ROWS.c.question_key,
    "length": ROWS.c.length,
    "reviewed": ROWS.c.reviewed_at,
    "stars": ROWS.c.stars,
}


def _standing(row: IndexedRow) -> dict[str, Any]:
    standing = {name: getattr(row, name) for name in _STANDING}
    return {"id": row.id, **standing, "tags": tags_text(row.tags)}


def tags_text(tags: Iterable[str]) -> str:
    """Tags as one text in which each can be searched for: a line each, ends as well."""
    joined = "\n".join(tags)
    return f"\n{joined}\n" if joined else ""


def tags_of(text: str) -> tuple[str, ...]:
    """Reads what `tags_text` wrote."""
    return tuple(text.split("\n")[1:-1])


def _question_key(question: str) -> str:
    """The beginning of a question without its marks, by which equal ones are found and sorted."""
    return " ".join(re.findall(r"\w+", folded(question)))[:_KEY_LENGTH]


def _conditions(chosen: RowFilter) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    for name in ("document", "use", "kind", "state", "verdict", "reason", "language", "stars"):
        values = getattr(chosen, name)
        if values:
            wanted.append(ROWS.c[name].in_(values))
    if chosen.evidence is not None:
        wanted.append(ROWS.c.evidence.is_(chosen.evidence))
    if chosen.passage is not None:
        wanted.append(ROWS.c.chunk_id == chosen.passage)
    if chosen.fact is not None:
        wanted.append(ROWS.c.fact_id == chosen.fact)
    if chosen.subject:
        wanted.append(or_(*map(_about, chosen.subject)))
    if chosen.tags:
        tags = (tags_text([tag]) for tag in chosen.tags)
        wanted.append(or_(*(ROWS.c.tags.contains(tag, autoescape=True) for tag in tags)))
    if chosen.rating_below is not None:
        wanted.append(ROWS.c.rating < chosen.rating_below)
    if chosen.note:
        wanted.append(func.lower(ROWS.c.note).contains(chosen.note.lower(), autoescape=True))
    words = folded(chosen.search)
    if words:
        wanted.append(ROWS.c.searched.contains(words, autoescape=True))
    return wanted


def _about(subject: str) -> ColumnElement[bool]:
    """Rows about a subject, or about a narrower one."""
    narrower = ROWS.c.subject.startswith(f"{subject}{SUBJECT_MARK}", autoescape=True)
    return or_(ROWS.c.subject == subject, narrower)


def _fitting(key: Column[Any], value: str | int) -> str | int:
    """A cursor's value of the column's type: lists may have been sorted anew since."""
    if isinstance(key.type, String):
        return str(value)
    return value if isinstance(value, int) else 0


def _row(found: Row[Any]) -> IndexedRow:
    values = dict(found._mapping)
    return IndexedRow.model_construct(**{**values, "tags": tags_of(values["tags"])})


def _insert_all(
    connection: Connection, table: Table, values: Iterable[Mapping[str, object]]
) -> None:
    remaining = iter(values)
    while part := list(islice(remaining, _ROWS_AT_ONCE)):
        connection.execute(insert(table), part)


def _parts(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
