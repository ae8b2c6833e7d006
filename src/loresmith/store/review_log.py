"""The reviews of rows, in acts: what one person did at one stroke, to one row or to thousands.

Reviews are only ever added. An act that is taken back stays in the log; the reviews that restore
what was there before come after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    String,
    Table,
    insert,
    select,
    update,
)

from loresmith.database import metadata
from loresmith.records import Review
from loresmith.store.tables import TABLES

ACTS = Table(
    "review_acts",
    metadata,
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("project_id", String, nullable=False),
    Column("id", String, nullable=False),
    Column("author", String, nullable=False),
    Column("undone", Boolean, nullable=False),
    Index("ix_review_acts_author", "project_id", "author", "sequence"),
)
_REVIEWS = TABLES[Review]
Index("ix_reviews_subject_id", _REVIEWS.c.project_id, _REVIEWS.c.subject_id)


class _Noted(NamedTuple):
    """A review and the act that it is of; for one that takes an act back, that act."""

    review: Review
    act: str
    takes_back: bool


class ReviewLog:
    """The reviews of one project, read and written within the caller's transaction."""

    def __init__(self, connection: Connection, *, project_id: str) -> None:
        self._connection = connection
        self._project_id = project_id

    def last(self) -> int:
        """The sequence number of the last review; 0 before the first."""
        query = select(_REVIEWS.c.sequence).where(_REVIEWS.c.project_id == self._project_id)
        found = self._connection.scalar(query.order_by(_REVIEWS.c.sequence.desc()).limit(1))
        return int(found or 0)

    def begin(self, act: str, *, author: str) -> None:
        """Notes that `author` begins an act."""
        self._connection.execute(
            insert(ACTS),
            [{"project_id": self._project_id, "id": act, "author": author, "undone": False}],
        )

    def add(self, reviews: Iterable[Review]) -> None:
        """Adds reviews, whose ids come from `review_id`."""
        values = [
            {
                "project_id": self._project_id,
                "id": review.id,
                "subject_id": review.subject_id,
                "body": review.model_dump_json(),
            }
            for review in reviews
        ]
        if values:
            self._connection.execute(insert(_REVIEWS), values)

    def history(self, rows: Sequence[str]) -> Mapping[str, list[Review]]:
        """The reviews of these rows, oldest first; rows without one are left out."""
        return {row: [one.review for one in noted] for row, noted in self._noted(rows).items()}

    def last_act(self, author: str) -> str | None:
        """The author's latest act that is not taken back."""
        query = select(ACTS.c.id).where(
            ACTS.c.project_id == self._project_id,
            ACTS.c.author == author,
            ACTS.c.undone.is_(False),
        )
        found = self._connection.scalar(query.order_by(ACTS.c.sequence.desc()).limit(1))
        return str(found) if found is not None else None

    def rows_of(self, act: str) -> list[str]:
        """The rows that an act reviewed."""
        query = select(_REVIEWS.c.subject_id).where(
            _REVIEWS.c.project_id == self._project_id,
            _REVIEWS.c.id >= f"{act}:",
            _REVIEWS.c.id < f"{act};",
        )
        return list(self._connection.scalars(query.order_by(_REVIEWS.c.sequence)))

    def close(self, act: str) -> None:
        """Notes that an act is taken back."""
        mine = (ACTS.c.project_id == self._project_id) & (ACTS.c.id == act)
        self._connection.execute(update(ACTS).where(mine).values(undone=True))

    def before(self, act: str, rows: Sequence[str]) -> Mapping[str, Review | None]:
        """What held of each row before the act: a review, or None where there was none.

        Rows that somebody reviewed again after the act are left out: that stands.
        """
        restored: dict[str, Review | None] = {}
        for row, noted in self._noted(rows).items():
            standing: list[_Noted] = []
            for one in noted:
                if one.takes_back:
                    standing = [other for other in standing if other.act != one.act]
                else:
                    standing.append(one)
            if standing and standing[-1].act == act:
                restored[row] = standing[-2].review if len(standing) > 1 else None
        return restored

    def _noted(self, rows: Sequence[str]) -> dict[str, list[_Noted]]:
        found: dict[str, list[_Noted]] = {}
        for start in range(0, len(rows), _IDS_AT_ONCE):
            query = select(_REVIEWS.c.id, _REVIEWS.c.body).where(
                _REVIEWS.c.project_id == self._project_id,
                _REVIEWS.c.subject_id.in_(rows[start : start + _IDS_AT_ONCE]),
            )
            for review_id, body in self._connection.execute(query.order_by(_REVIEWS.c.sequence)):
                act, _, _ = review_id.partition(":")
                noted = _Noted(
                    Review.model_validate_json(body),
                    act.removesuffix(_TAKEN_BACK),
                    act.endswith(_TAKEN_BACK),
                )
                found.setdefault(noted.review.subject_id, []).append(noted)
        return found


def review_id(act: str, row: str, *, takes_back: bool = False) -> str:
    """The id of an act's review of a row, or of the one that takes it back."""
    return f"{act}{_TAKEN_BACK if takes_back else ''}:{row}"


_IDS_AT_ONCE = 500
_TAKEN_BACK = "-undone"
