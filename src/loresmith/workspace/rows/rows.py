"""The rows of a project for people: listed, looked at, reviewed, edited."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection

from loresmith.errors import DatasetError, NotFound
from loresmith.models import Embedded
from loresmith.records import ReviewVerdict
from loresmith.store.review_log import ReviewLog
from loresmith.store.row_index import IndexedRow, RowIndex
from loresmith.store.row_query import Cursor, RowFilter, RowOrder, without_nul
from loresmith.workspace.context import Context
from loresmith.workspace.reviews import latest
from loresmith.workspace.rows.conversations import LISTED, is_several_turns
from loresmith.workspace.rows.counting import counted
from loresmith.workspace.rows.freshness import make_current
from loresmith.workspace.rows.model import (
    DocumentMap,
    Edited,
    Facets,
    Neighbours,
    PassageRows,
    Progress,
    Reviewed,
    RowPage,
    RowView,
    Undone,
)
from loresmith.workspace.rows.reviewing import Reviewing
from loresmith.workspace.rows.view import view_of
from loresmith.workspace.workspace import Workspace


class Rows:
    """Each fact's own question, each wording and each imported row, as it stands today.

    Reads never change a record. Reviews are added and never overwritten; they take part in
    curation (docs/decisions/0012-reviews.md).
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._checked = float("-inf")

    def page(
        self,
        chosen: RowFilter = RowFilter(),  # noqa: B008  (frozen)
        *,
        order: RowOrder = "position",
        cursor: str | None = None,
        limit: int = 50,
    ) -> RowPage:
        """A page of the list. Raises NotFound for a cursor that no page gave out."""
        place = Cursor.read(cursor) if cursor is not None else None
        with self._reading() as (index, connection, current):
            found = index.slice(connection, chosen, order=order, cursor=place, limit=limit)
            is_all = place is None and not found.more_after
            total = len(found.rows) if is_all else index.count(connection, chosen)
            first, last = found.rows[:1], found.rows[-1:]
            return RowPage(
                rows=found.rows,
                before=_place(index, first, order, forward=False) if found.more_before else None,
                after=_place(index, last, order, forward=True) if found.more_after else None,
                total=total,
                current=current,
            )

    def facets(self, chosen: RowFilter = RowFilter()) -> Facets:  # noqa: B008
        """What the rows can be filtered by, and how many rows each value would bring."""
        with self._reading() as (index, connection, _):
            wide = RowFilter(
                search=chosen.search,
                passage=chosen.passage,
                fact=chosen.fact,
                note=chosen.note,
                rating_below=chosen.rating_below,
                document=chosen.document,
            )
            cells = index.cells(connection, wide)
            anywhere = chosen.model_copy(update={"document": ()})
            documents = index.counts_by_document(connection, anywhere)
        return counted(cells, documents, chosen)

    def row(self, row_id: str) -> RowView:
        """One row with all that belongs to it. Raises NotFound."""
        with self._reading() as (index, connection, _), self._workspace.opened() as context:
            return view_of(context, index, connection, _one(index, connection, row_id))

    def review(
        self,
        chosen: Sequence[str] | RowFilter,
        verdict: ReviewVerdict,
        *,
        note: str | None = None,
        author: str = "",
    ) -> Reviewed:
        """Says one thing of one row or of thousands, in one transaction.

        `chosen` are ids, or a filter: all rows that match it when the transaction begins.
        `pending` takes back whatever was said, with its edits; stars and tags stay. Without a
        `note` an earlier one stays. Raises NotFound for unknown ids.
        """
        note = note if note is None else without_nul(note)
        return self._say(
            chosen,
            author,
            lambda said, part, act: said.review(part, act, verdict, note=note, author=author),
        )

    def mark(
        self,
        chosen: Sequence[str] | RowFilter,
        *,
        stars: int | None = None,
        tags: Sequence[str] | None = None,
        note: str | None = None,
        author: str = "",
    ) -> Reviewed:
        """Gives one row or thousands stars (0 takes them away), tags or a note, in one
        transaction; None leaves one as it is, and so is whatever else was said of them.

        Raises NotFound for unknown ids, and DatasetError for a tag that cannot be one.
        """
        labels = None if tags is None else _labels(tags)
        note = note and without_nul(note)
        return self._say(
            chosen,
            author,
            lambda said, part, act: said.mark(
                part, act, stars=stars, tags=labels, note=note, author=author
            ),
        )

    def _say(
        self,
        chosen: Sequence[str] | RowFilter,
        author: str,
        say: Callable[[Reviewing, Sequence[IndexedRow], str], Reviewed],
    ) -> Reviewed:
        """One act on ids, or on all rows that match a filter when the transaction begins."""
        with self._writing() as (index, connection, reviewing):
            if isinstance(chosen, RowFilter):
                ids: Sequence[str] = index.ids(connection, chosen)
            else:
                ids = list(dict.fromkeys(without_nul(one) for one in chosen))
                _require(index.rows(connection, ids), ids)
            act = reviewing.begin(author) if ids else ""
            kept = unchecked = 0
            for start in range(0, len(ids), _REVIEWED_AT_ONCE):
                part = index.rows(connection, ids[start : start + _REVIEWED_AT_ONCE])
                done = say(reviewing, part, act)
                kept, unchecked = kept + done.kept, unchecked + done.unchecked
            return Reviewed(act=act, rows=len(ids), kept=kept, unchecked=unchecked)

    def edit(
        self,
        row_id: str,
        *,
        question: str | None = None,
        answer: str | None = None,
        short_answer: str | None = None,
        expected: str | None = None,
        note: str = "",
        author: str = "",
    ) -> Edited:
        """Puts other texts in the place of a row's; None leaves one as it is.

        The filters are asked at once; a row that fails is stored as edited and stays out of the
        dataset. `expected` is the `version` that the editor saw. Raises NotFound, Conflict where
        somebody else has changed the row since, and DatasetError where a text that a row needs
        would be empty.
        """
        given = {"question": question, "answer": answer, "short_answer": short_answer}
        texts = {name: text and without_nul(text).strip() for name, text in given.items()}
        with self._writing() as (index, connection, reviewing):
            row = _one(index, connection, row_id)
            refuse_several_turns(row)
            _refuse_empty(row, texts)
            left_out = reviewing.edit(
                row, texts=texts, expected=expected, note=without_nul(note), author=author
            )
        view = self.row(row_id)
        return Edited(
            view=view, objection=view.row.reason, detail=view.row.detail, left_out=left_out
        )

    def trained_answers(self, rows: Sequence[IndexedRow]) -> Mapping[str, str]:
        """By id, what those of `rows` are answered with in training that are shown with another
        answer: paraphrases, where the recipe gives them the fact's own."""
        if self._workspace.recipe.dataset.answers != "same":
            return {}
        asked = {
            row.id: row.fact_id
            for row in rows
            if row.use == "training" and row.kind == "paraphrase" and row.fact_id
        }
        with self._workspace.opened() as context, self._reading() as (index, connection, _):
            log = ReviewLog(connection, project_id=context.project_id)
            said = latest(one for made in log.history(list(asked)).values() for one in made)
            facts = index.rows(connection, sorted(set(asked.values())))
        answers = {fact.id: fact.answer for fact in facts}
        trained = {
            row: answers[fact]
            for row, fact in asked.items()
            if fact in answers and (row not in said or said[row].answer is None)
        }
        return {
            row.id: trained[row.id] for row in rows if trained.get(row.id, row.answer) != row.answer
        }

    def can_reword(self, row: IndexedRow) -> bool:
        """Whether the teacher can be asked for other words of a row."""
        teacher = self._workspace.recipe.teacher
        several = row.kind == "conversation" and is_several_turns(row.answer)
        return not (isinstance(teacher, Embedded) or several)

    def undo(self, author: str = "") -> Undone:
        """Takes back what `author` did last, however many rows that was."""
        with self._writing() as (_, _, reviewing):
            return reviewing.undo(author)

    def map(self, document: str) -> DocumentMap:
        """The passages of the document of this name, with their rows. Raises NotFound."""
        with self._reading() as (index, connection, _):
            passages = index.passages(connection, without_nul(document))
            counts = index.passage_counts(connection, [one.chunk_id for one in passages])
        if not passages:
            raise NotFound(
                f"there is no document {document} that is cut into passages",
                hint="`loresmith chunk` cuts documents.",
            )
        found = {(one.chunk_id, one.state): one.rows for one in counts}
        return DocumentMap(
            document=document,
            document_id=passages[0].document_id,
            length=max(one.end for one in passages),
            passages=tuple(
                PassageRows(
                    chunk_id=one.chunk_id,
                    start=one.start,
                    end=one.end,
                    kept=found.get((one.chunk_id, "kept"), 0),
                    dropped=found.get((one.chunk_id, "dropped"), 0),
                    pending=found.get((one.chunk_id, "pending"), 0),
                )
                for one in passages
            ),
        )

    def passages(self, chosen: RowFilter) -> tuple[str, ...]:
        """The ids of today's passages that the rows which match were written from, in order."""
        with self._reading() as (index, connection, _):
            return tuple(index.chunk_ids(connection, chosen))

    def documents(self) -> tuple[str, ...]:
        """The names of today's documents that are cut into passages, in order."""
        with self._reading() as (index, connection, _):
            return tuple(index.documents(connection))

    def progress(self, chosen: RowFilter = RowFilter()) -> Progress:  # noqa: B008
        """How many of the rows that match, whatever was said of them, have been reviewed."""
        everything = chosen.model_copy(update={"verdict": ()})
        with self._reading() as (index, connection, _):
            total = index.count(connection, everything)
            untouched = everything.model_copy(update={"verdict": ("pending",)})
            return Progress(reviewed=total - index.count(connection, untouched), total=total)

    def neighbours(
        self,
        row_id: str,
        chosen: RowFilter = RowFilter(),  # noqa: B008
    ) -> Neighbours:
        """The rows before and after one among those that match, in the order of documents; the
        row itself need not match (any more). Raises NotFound."""
        with self._reading() as (index, connection, _):
            row = _one(index, connection, row_id)
            beside = [
                index.slice(
                    connection,
                    chosen,
                    cursor=index.place(row, order="position", forward=forward),
                    limit=1,
                ).rows
                for forward in (False, True)
            ]
            listed = index.number(connection, chosen, row.position)
            matches = index.number(connection, chosen, row.position + 1) > listed
            total = index.count(connection, chosen)
        previous, following = (found[0].id if found else None for found in beside)
        return Neighbours(
            previous=previous, next=following, number=listed + 1 if matches else 0, total=total
        )

    @contextmanager
    def _reading(self) -> Iterator[tuple[RowIndex, Connection, bool]]:
        with self._workspace.opened() as context:
            current = self._make_current(context)
            index = RowIndex(context.engine, project_id=context.project_id)
            with index.reading() as connection:
                yield index, connection, current

    @contextmanager
    def _writing(self) -> Iterator[tuple[RowIndex, Connection, Reviewing]]:
        with self._workspace.opened() as context:
            self._make_current(context)
            index = RowIndex(context.engine, project_id=context.project_id)
            with index.writing() as connection:
                reviewing = Reviewing(context, index, connection)
                yield index, connection, reviewing
                reviewing.finish()

    def _make_current(self, context: Context) -> bool:
        """Looks for changes of the project, but not for each part of one page anew."""
        if time.monotonic() - self._checked < _TRUSTED_SECONDS:
            return True
        current = make_current(context)
        self._checked = time.monotonic() if current else float("-inf")
        return current


_TRUSTED_SECONDS = 0.5
_REVIEWED_AT_ONCE = 2_000


def _one(index: RowIndex, connection: Connection, row_id: str) -> IndexedRow:
    row_id = without_nul(row_id)
    (row,) = _require(index.rows(connection, [row_id]), [row_id])
    return row


def _require(rows: Sequence[IndexedRow], ids: Sequence[str]) -> Sequence[IndexedRow]:
    missing = set(ids) - {row.id for row in rows}
    if missing:
        raise NotFound(
            f"there is no row {min(missing)}",
            hint="Documents or settings may have changed since the list was read.",
        )
    return rows


def _labels(tags: Sequence[str]) -> tuple[str, ...]:
    """Tags without double ones, each in one line."""
    labels = (" ".join(without_nul(tag).split()) for tag in tags)
    found = tuple(dict.fromkeys(label for label in labels if label))
    if len(found) > _MOST_TAGS or any(len(label) > _LONGEST_TAG for label in found):
        raise DatasetError(
            f"a row has at most {_MOST_TAGS} tags of {_LONGEST_TAG} characters",
            hint="A longer remark is a note.",
        )
    return found


_MOST_TAGS = 20
_LONGEST_TAG = 60


def refuse_several_turns(row: IndexedRow) -> None:
    """Raises DatasetError for a conversation that an edit cannot put into one question, and for a
    row of another shape."""
    if row.kind in LISTED and row.kind != "conversation":
        raise DatasetError(
            f"a row of the kind {row.kind} cannot be edited",
            hint="Confirm it, or reject it and have another one written.",
        )
    if row.kind == "conversation" and is_several_turns(row.answer):
        raise DatasetError(
            "a conversation of several turns cannot be edited",
            hint="Confirm it, or reject it and have another one written.",
        )


def _refuse_empty(row: IndexedRow, texts: Mapping[str, str | None]) -> None:
    """An empty text would drop the row, and with a fact's own all others about it."""
    without_short = row.kind in ("abstention", "imported", *LISTED)
    for name, text in texts.items():
        if text is None or re.search(r"\w", text):
            continue
        if name == "short_answer" and (without_short or not row.short_answer.strip()):
            continue
        if name == "question":
            raise DatasetError("the question is empty", hint=_INSTEAD)
        if name == "answer":
            raise DatasetError("the answer is empty", hint=_INSTEAD)
        raise DatasetError("the short answer is empty", hint=_INSTEAD)


_INSTEAD = "Write one; a row that nobody should learn can be rejected."


def _place(
    index: RowIndex, beside: Sequence[IndexedRow], order: RowOrder, *, forward: bool
) -> str | None:
    return str(index.place(beside[0], order=order, forward=forward)) if beside else None
