"""Whether a row is kept, all things considered: what filters and people said of it and its fact."""

from __future__ import annotations

from collections.abc import Iterable

from loresmith.records import Review, Wording
from loresmith.store.row_index import IndexedRow


def settled(family: Iterable[IndexedRow]) -> list[IndexedRow]:
    """A fact with its wordings (or rows without a fact), each with its state and why.

    A wording falls with its fact, whatever is said of the wording itself.
    """
    rows = list(family)
    facts = {row.id: _alone(row) for row in rows if row.fact_id == row.id}
    return [facts.get(row.id) or _below(row, facts.get(row.fact_id or "")) for row in rows]


def reviewed(row: IndexedRow, review: Review | None) -> IndexedRow:
    """The row with what a reviewer said of it; its texts and its state are not looked at."""
    if review is not None:
        said: dict[str, object] = {
            "verdict": review.verdict,
            "reviewed_at": review.at,
            "note": review.note,
            "stars": review.stars,
            "tags": review.tags,
        }
    elif is_said_of(row):
        said = {"verdict": "pending", "reviewed_at": "", "note": "", "stars": 0, "tags": ()}
    else:
        return row
    return row.model_copy(update=said)


def is_said_of(row: IndexedRow) -> bool:
    """Whether a person said anything of the row: a verdict, stars, tags or a note."""
    return row.verdict != "pending" or bool(row.stars or row.tags or row.note)


def place_in_family(wording: Wording) -> tuple[int, int, str]:
    """By which the wordings of a fact are ordered: what is trained on first."""
    return (_USES.index(wording.use), wording.index, wording.id)


_USES = ("training", "practice", "exam")


def _below(row: IndexedRow, fact: IndexedRow | None) -> IndexedRow:
    if fact is None or fact.state != "dropped" or row.verdict == "rejected":
        return _alone(row)
    if fact.reason == "rejected_by_reviewer":
        return _dropped(row, "rejected_by_reviewer", "its fact was rejected")
    return _dropped(row, "fact_dropped", fact.reason)


def _alone(row: IndexedRow) -> IndexedRow:
    if row.verdict == "rejected":
        return _dropped(row, "rejected_by_reviewer", row.note)
    if row.judgement in ("dropped", "stale"):
        why = {"reason": row.objection, "detail": row.objection_detail}
        return row.model_copy(update={"state": row.judgement, **why})
    if (row.state, row.reason) == (row.judgement, ""):
        return row
    return row.model_copy(update={"state": row.judgement, "reason": "", "detail": ""})


def _dropped(row: IndexedRow, reason: str, detail: str) -> IndexedRow:
    return row.model_copy(update={"state": "dropped", "reason": reason, "detail": detail})
