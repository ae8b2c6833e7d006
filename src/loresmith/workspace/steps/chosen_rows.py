"""Which of the kept rows a dataset takes: confirmed ones, with stars, of some subjects, evenly."""

from __future__ import annotations

from collections.abc import Iterator

from loresmith.datasets.choosing import ChoosableRow, Chosen, subject_of
from loresmith.records import Curated, Drop
from loresmith.workspace.context import Context, remembered
from loresmith.workspace.imported_rows import reviewed_rows
from loresmith.workspace.reviews import confirmed, with_stars
from loresmith.workspace.steps.curate import curated


@remembered
def chosen_rows(context: Context) -> Chosen | None:
    """Which of the rows that were kept are trained on, and why others are not; None for all."""
    kept, assembly = curated(context), context.recipe.dataset
    if kept is None or not assembly.is_choosing:
        return None
    left_out: dict[str, str] = {}
    rows = list(_choosable(context, kept))
    if assembly.confirmed_only:
        left_out |= {one.id: "unconfirmed" for one in rows if one.id not in confirmed(context)}
    if assembly.min_stars:
        starred = with_stars(context, assembly.min_stars)
        few = (one.id for one in rows if one.id not in starred)
        left_out = {**dict.fromkeys(few, "too_few_stars"), **left_out}
    by_subject = assembly.choose(
        (one for one in rows if one.id not in left_out), seed=context.recipe.seed
    )
    return Chosen(by_subject.ids, {**left_out, **by_subject.left_out})


def _choosable(context: Context, kept: Curated) -> Iterator[ChoosableRow]:
    """Every kept row that would be trained on, with its subject."""
    subjects = {fact.id: subject_of(fact.tag) for fact in kept.facts}
    for fact in kept.facts:
        yield ChoosableRow(fact.id, subjects[fact.id])
    turns: dict[str | None, int] = {}
    for wording in kept.wordings:
        if wording.use != "training":
            continue
        turn = turns[wording.fact_id] = turns.get(wording.fact_id, 0) + 1
        about = subjects.get(wording.fact_id or "", "")
        yield ChoosableRow(wording.id, about, turn, is_free=wording.fact_id is None)
    for row in kept.rows:
        about = subjects.get(row.fact_ids[0], "") if row.fact_ids else ""
        yield ChoosableRow(row.id, about, 1 + row.index)
    for imported in reviewed_rows(context):
        yield ChoosableRow(imported.id, subject_of(imported.tags[:1]))


def unchosen(chosen: Chosen | None) -> list[Drop]:
    """The rows that were not chosen, as drops with their reasons."""
    return [
        Drop(subject_id=row, subject="row", reason=reason, detail="", text="")
        for row, reason in (chosen.left_out.items() if chosen is not None else ())
    ]
