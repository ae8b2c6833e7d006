"""What a person decided about a row, put into the row before it is judged."""

from __future__ import annotations

from collections.abc import Mapping

from loresmith.records import Fact, Review, Verdict, Wording, WrittenConversation, WrittenRow

OVERRULED_BY_CONFIRMATION = frozenset(
    {
        "near_duplicate",
        "qualifier_missing",
        "qualifier_not_in_evidence",
        "rated_low",
        "refers_to_document",
        "refusal",
        "subject_missing",
        "wrong_language",
    }
)
"""Objections of style, and of a judge, on which a person's word counts for more than a filter's.

No word of a person makes a figure true that the source does not have, nor an exam fair whose
question is trained on: all other objections stand (docs/decisions/0012-reviews.md).
"""


def reviewed_fact(fact: Fact, review: Review | None) -> Fact:
    """`fact` with the texts that a reviewer wrote; its id and its quotes stay."""
    texts = _edited_texts(review)
    return fact.model_copy(update=texts) if texts else fact


def reviewed_wording(
    wording: Wording, review: Review | None, fact: Fact | None, fact_review: Review | None
) -> Wording:
    """`wording` with the texts that a reviewer wrote for it, and else with the answer that its
    fact was given: a question in other words has the same answer. `fact` is the reviewed one."""
    texts = _edited_texts(review)
    if fact is not None and _has_another_answer(fact_review) and wording.kind in _ANSWERED_ALIKE:
        texts = {"answer": fact.answer, "short_answer": fact.short_answer} | texts
    return wording.model_copy(update=texts) if texts else wording


def reviewed_row(row: WrittenRow, review: Review | None) -> WrittenRow:
    """A conversation of one turn with the question and the answer as a reviewer wrote them; other
    rows stay as they are."""
    if review is None or not isinstance(row.content, WrittenConversation):
        return row
    if len(row.content.turns) != 1:
        return row
    (only,) = row.content.turns
    texts = {"question": review.question, "answer": review.answer}
    edited = {name: text for name, text in texts.items() if text is not None}
    turns = (only.model_copy(update=edited),)
    return row.model_copy(update={"content": row.content.model_copy(update={"turns": turns})})


def overruled_by(review: Review | None) -> frozenset[str]:
    """The objections that do not count against a row."""
    confirmed = review is not None and review.verdict == "confirmed"
    return OVERRULED_BY_CONFIRMATION if confirmed else frozenset()


def outdated_row(
    row: WrittenRow, review: Review | None, reviews: Mapping[str, Review]
) -> Verdict | None:
    """The drop of a row that tells the answer which one of its facts had before it was edited."""
    if review is not None and review.verdict in _APPROVED:
        return None
    if any(_has_another_answer(reviews.get(fact)) for fact in row.fact_ids):
        return Verdict(keep=False, reason="fact_edited", detail="the answer of a fact was edited")
    return None


def rejection(review: Review | None) -> Verdict | None:
    """The drop that a rejection is; None where there is none."""
    if review is None or review.verdict != "rejected":
        return None
    return Verdict(keep=False, reason="rejected_by_reviewer", detail=review.note)


def outdated(wording: Wording, review: Review | None, fact_review: Review | None) -> Verdict | None:
    """The drop of a wording that tells the answer which its fact had before it was edited.

    Reversed questions and restatements hold the old answer in their text; a reviewer who edits or
    confirms such a wording says that it still holds.
    """
    if wording.kind in _ANSWERED_ALIKE or wording.fact_id is None:
        return None
    if not _has_another_answer(fact_review) or (review and review.verdict in _APPROVED):
        return None
    return Verdict(keep=False, reason="fact_edited", detail="the answer of its fact was edited")


_ANSWERED_ALIKE = ("pair", "paraphrase", "direct")
_APPROVED = ("confirmed", "edited")


def _has_another_answer(review: Review | None) -> bool:
    return review is not None and (review.answer is not None or review.short_answer is not None)


def _edited_texts(review: Review | None) -> dict[str, str]:
    if review is None:
        return {}
    texts = {
        "question": review.question,
        "answer": review.answer,
        "short_answer": review.short_answer,
    }
    return {name: text for name, text in texts.items() if text is not None}
