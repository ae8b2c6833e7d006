"""Writes reviews and what follows from them for the index: one act, one transaction."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timezone

from sqlalchemy import Connection

from loresmith.curation.reviewing import OVERRULED_BY_CONFIRMATION
from loresmith.errors import Conflict
from loresmith.records import Review, ReviewVerdict
from loresmith.store.review_log import ReviewLog, review_id
from loresmith.store.row_index import IndexedRow, RowIndex
from loresmith.workspace.context import Context
from loresmith.workspace.reviews import latest
from loresmith.workspace.rows.judging import Judge
from loresmith.workspace.rows.model import Reviewed, Undone, version_of
from loresmith.workspace.rows.standing import is_said_of, reviewed, settled


class Reviewing:
    """One writing transaction on a project's reviews; `connection` is of `RowIndex.writing`."""

    def __init__(self, context: Context, index: RowIndex, connection: Connection) -> None:
        self._index = index
        self._connection = connection
        self._log = ReviewLog(connection, project_id=context.project_id)
        self._judge = Judge(context.recipe.curation, context.store, index, connection)

    def review(
        self,
        rows: Sequence[IndexedRow],
        act: str,
        verdict: ReviewVerdict,
        *,
        note: str | None,
        author: str,
    ) -> Reviewed:
        """Says `verdict` of `rows`; texts that were edited before stay edited, stars and tags stay
        as well. Without a `note` the one that was there stays, unless it was the reason of a
        rejection."""

        def said(before: Review) -> Review:
            kept = "" if before.verdict == "rejected" else before.note
            changed: dict[str, object] = {
                "verdict": verdict,
                "note": kept if note is None else note,
            }
            if verdict == "pending":
                changed |= dict.fromkeys(("question", "answer", "short_answer"))
            return before.model_copy(update=changed)

        return self._say(rows, act, said, author=author)

    def mark(
        self,
        rows: Sequence[IndexedRow],
        act: str,
        *,
        stars: int | None,
        tags: tuple[str, ...] | None,
        note: str | None,
        author: str,
    ) -> Reviewed:
        """Gives `rows` stars, tags or a note; None leaves one as it is. Verdict and texts stay."""
        given = {"stars": stars, "tags": tags, "note": note}
        changed = {name: value for name, value in given.items() if value is not None}
        return self._say(rows, act, lambda one: one.model_copy(update=changed), author=author)

    def _say(
        self,
        rows: Sequence[IndexedRow],
        act: str,
        change: Callable[[Review], Review],
        *,
        author: str,
    ) -> Reviewed:
        """Puts what `change` makes of what was said last of each row in its place."""
        history = self._log.history([row.id for row in rows if is_said_of(row)])
        last = {row: said[-1] for row, said in history.items()}
        own = {"author": author, "at": _now()}
        made = [
            change(last.get(row.id) or _unsaid(row.id)).model_copy(
                update={"id": review_id(act, row.id), **own}
            )
            for row in rows
        ]
        self._log.add(made)
        changed = self._apply(rows, {one.subject_id: one for one in made})
        ids = {row.id for row in rows}
        states = [row.state for row in changed if row.id in ids]
        return Reviewed(
            act=act,
            rows=len(rows),
            kept=states.count("kept"),
            unchecked=states.count("pending"),
        )

    def begin(self, author: str) -> str:
        """The id of a new act."""
        act = _new_act()
        self._log.begin(act, author=author)
        return act

    def edit(
        self,
        row: IndexedRow,
        *,
        texts: Mapping[str, str | None],
        expected: str | None,
        note: str,
        author: str,
    ) -> int:
        """Puts new texts in the place of a row's; None, or what it says already, leaves one as it
        is. Gives back how many other rows were left out because of it.

        Raises Conflict where the row is not in the state `expected` any more.
        """
        if expected is not None and expected != version_of(row):
            raise Conflict(
                "the row has been changed since you read it",
                hint="Read it again and repeat your change.",
            )
        before = self._log.history([row.id]).get(row.id, [])
        last = before[-1] if before and before[-1].verdict != "pending" else None
        marked = before[-1] if before else _unsaid(row.id)
        act = self.begin(author)
        made = Review(
            id=review_id(act, row.id),
            subject_id=row.id,
            verdict="edited",
            **{
                name: _edited(text, getattr(last, name, None), shown=getattr(row, name))
                for name, text in texts.items()
            },
            note=note,
            stars=marked.stars,
            tags=marked.tags,
            author=author,
            at=_now(),
        )
        self._log.add([made])
        out_before = _left_out(self._families([row]))
        self._apply([row], {row.id: made})
        return len(_left_out(self._families([row])) - out_before - {row.id})

    def undo(self, author: str) -> Undone:
        """Takes back the author's last act that still stands."""
        act = self._log.last_act(author)
        if act is None:
            return Undone(rows=0, left=0)
        of_act = self._log.rows_of(act)
        restored = self._log.before(act, of_act)
        at = _now()
        made = [
            _restoring(act, row, earlier, author=author, at=at) for row, earlier in restored.items()
        ]
        self._log.add(made)
        self._log.close(act)
        rows = self._index.rows(self._connection, list(restored))
        self._apply(rows, {one.subject_id: one for one in made})
        one = rows[0].id if len(rows) == 1 else ""
        return Undone(rows=len(restored), left=len(of_act) - len(restored), row=one)

    def finish(self) -> None:
        """Notes that the index has all reviews."""
        state = self._index.state(self._connection)
        if state is not None:
            state = state._replace(reviews=self._log.last())
            self._index.set_state(self._connection, state)

    def _apply(self, rows: Sequence[IndexedRow], made: Mapping[str, Review]) -> list[IndexedRow]:
        """Brings rows, and those that stand or fall with them, up to date."""
        families = self._families(rows)
        known = self._log.history(
            [row.id for row in families if row.id not in made and is_said_of(row)]
        )
        said = {**latest(one for reviews in known.values() for one in reviews), **made}
        said = dict(latest(said.values()))
        hard = {_family(row) for row in rows if _needs_judging(row, made[row.id])}
        simple = [row for row in families if _family(row) not in hard]
        changed = _settled_all(_unoverruled(reviewed(row, said.get(row.id))) for row in simple)
        changed += self._judge.judged([row for row in families if _family(row) in hard], said)
        before = {row.id: row for row in families}
        changed = [_unrated(row, before[row.id]) for row in changed]
        changes = [row for row in changed if row != before[row.id]]
        same_texts = [row for row in changes if _texts(row) == _texts(before[row.id])]
        other_texts = [row for row in changes if _texts(row) != _texts(before[row.id])]
        self._index.update(self._connection, same_texts, standing_only=True)
        self._index.update(self._connection, other_texts)
        return changed

    def _families(self, rows: Sequence[IndexedRow]) -> list[IndexedRow]:
        facts = list(dict.fromkeys(row.fact_id for row in rows if row.fact_id))
        alone = [row for row in rows if not row.fact_id]
        return [*self._index.families(self._connection, facts), *alone]


def _settled_all(rows: Iterable[IndexedRow]) -> list[IndexedRow]:
    """Several families, each settled."""
    families: dict[str, list[IndexedRow]] = {}
    for row in rows:
        families.setdefault(_family(row), []).append(row)
    return [row for family in families.values() for row in settled(family)]


def _new_act() -> str:
    """The id of an act: when it was begun, and chance."""
    return f"{time.time_ns():020d}-{secrets.token_hex(4)}"


def _now() -> str:
    """ISO 8601, UTC, to the microsecond."""
    return datetime.now(timezone.utc).isoformat(timespec="microseconds")


def _texts(row: IndexedRow) -> tuple[str, str, str, bool]:
    return row.question, row.answer, row.short_answer, row.evidence


def _unrated(row: IndexedRow, before: IndexedRow) -> IndexedRow:
    """A row whose text was changed is no longer what the judge has rated."""
    if (row.question, row.answer) == (before.question, before.answer) or not row.rating_id:
        return row
    return row.model_copy(update={"rating": None, "rating_id": ""})


def _family(row: IndexedRow) -> str:
    return row.fact_id or row.id


def _needs_judging(row: IndexedRow, review: Review) -> bool:
    """Whether the filters must be asked again: for other texts, or to overrule an objection."""
    edited = (review.question, review.answer, review.short_answer) != (None, None, None)
    overrules = review.verdict == "confirmed" and row.objection in OVERRULED_BY_CONFIRMATION
    reopened = review.verdict == "pending" and row.verdict != "pending"  # edits go with it
    return edited or row.verdict == "edited" or overrules or reopened


def _unoverruled(row: IndexedRow) -> IndexedRow:
    """An objection that a confirmation overruled counts again without it."""
    if row.objection and row.verdict != "confirmed" and row.judgement == "kept":
        return row.model_copy(update={"judgement": "dropped"})
    return row


def _restoring(act: str, row: str, earlier: Review | None, *, author: str, at: str) -> Review:
    """Says again what was said before the act."""
    made = Review(
        id=review_id(act, row, takes_back=True),
        subject_id=row,
        verdict="pending",
        author=author,
        at=at,
    )
    if earlier is None:
        return made
    kept = {"verdict", "question", "answer", "short_answer", "note", "stars", "tags"}
    return made.model_copy(update={name: getattr(earlier, name) for name in kept})


def _unsaid(row: str) -> Review:
    """What is said of a row that nobody has looked at."""
    return Review(id="", subject_id=row, verdict="pending", at="")


def _edited(text: str | None, before: str | None, *, shown: str) -> str | None:
    """What a person wrote in the place of a text; None where it is the row's own."""
    if text is None:
        return before
    return None if before is None and text == shown.strip() else text


def _left_out(rows: Iterable[IndexedRow]) -> set[str]:
    return {row.id for row in rows if row.state == "dropped"}
