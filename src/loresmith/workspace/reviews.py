"""What people decided about rows, as it counts today."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from loresmith.records import Review
from loresmith.workspace.context import Context, remembered


def latest(reviews: Iterable[Review]) -> Mapping[str, Review]:
    """The review of each row that counts, by the row's id; rows whose review was taken back are
    left out, but for those with stars, tags or a note. `reviews` come in the order in which they
    were made."""
    last = {review.subject_id: review for review in reviews}
    return {row: review for row, review in last.items() if not review.says_nothing}


@remembered
def reviews(context: Context) -> Mapping[str, Review]:
    """Today's reviews of facts, wordings and imported rows, by the row's id."""
    return latest(context.store.all(Review))


def confirmed(context: Context) -> frozenset[str]:
    """The ids of the rows that a person confirmed, or edited and thereby saw."""
    approved = ("confirmed", "edited")
    return frozenset(row for row, said in reviews(context).items() if said.verdict in approved)


def answered(context: Context) -> frozenset[str]:
    """The ids of the rows whose answer a person wrote."""
    return frozenset(row for row, said in reviews(context).items() if said.answer is not None)


def with_stars(context: Context, least: int) -> frozenset[str]:
    """The ids of the rows that a person gave at least so many stars."""
    return frozenset(row for row, said in reviews(context).items() if said.stars >= least)
