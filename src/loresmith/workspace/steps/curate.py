"""Checks every row against its source; what is thrown out is counted and named."""

from __future__ import annotations

from loresmith.component import content_id
from loresmith.errors import ModelError
from loresmith.records import Curated
from loresmith.workspace.context import Context, remembered
from loresmith.workspace.fill_rounds import added_ids
from loresmith.workspace.reviews import reviews
from loresmith.workspace.steps.base import Step, StepState
from loresmith.workspace.steps.chunk import chunks
from loresmith.workspace.steps.generate import Generate, facts, wordings, written_rows
from loresmith.workspace.steps.judging import is_judging, judge_rows, judging_state, without_low
from loresmith.workspace.steps.parse import documents

_MOST_SHOWN = 20


class Curate(Step):
    """Facts, wordings and other rows as written -> those that can be trusted."""

    name = "curate"

    def state(self, context: Context) -> StepState:
        kept = filtered(context)
        state = StepState(int(kept is not None), 1)
        if kept is None or not is_judging(context):
            return state
        judged = judging_state(context, kept)
        return judged._replace(done=judged.done + 1, total=judged.total + 1)

    def run(self, context: Context) -> None:
        kept = filtered(context)
        if kept is None:
            kept = self._filter(context)
        if is_judging(context):
            judge_rows(context, kept)
        _show_in_lists(context)

    def _filter(self, context: Context) -> Curated:
        _refuse_to_go_on_with_too_little(context)
        context.tell(self.name, 0, 1)
        today, said = (chunks(context), documents(context)), reviews(context)
        curation, added = context.recipe.curation, added_ids(context)
        judged = curation.curate_facts(facts(context), *today, reviews=said, added=added)
        worded = curation.curate_wordings(
            wordings(context), judged.kept, *today, reviews=said, added=added
        )
        others = curation.curate_rows(written_rows(context), judged.kept, *today, reviews=said)
        kept = Curated(
            id=curation_key(context),
            facts=tuple(map(curation.masked, judged.kept)),
            wordings=tuple(map(curation.masked, worded.kept)),
            drops=(*judged.drops, *worded.drops, *others.drops),
            rows=tuple(map(curation.masked_row, others.kept)),
        )
        context.add([kept])
        context.tell(self.name, 1, 1)
        return kept


@remembered
def filtered(context: Context) -> Curated | None:
    """What the filters kept and dropped of what is written today; None before they were run."""
    return context.store.one(Curated, curation_key(context))


@remembered
def curated(context: Context) -> Curated | None:
    """What curation kept and dropped of what is written today, filters and judge together; None
    before it was run."""
    kept = filtered(context)
    return without_low(context, kept) if kept is not None else None


@remembered
def curation_key(context: Context) -> str:
    """Changes with what is written, with the filters, and with what people said of the rows."""
    said = _said(context)
    return (
        content_id("reviewed", unreviewed_key(context), said) if said else unreviewed_key(context)
    )


@remembered
def unreviewed_key(context: Context) -> str:
    """The key under which the same rows are curated without any review."""
    key = content_id(
        "curate",
        context.recipe.curation.fingerprint(),
        [chunk.id for chunk in chunks(context)],
        [fact.id for fact in facts(context)],
        [wording.id for wording in wordings(context)],
    )
    rows = [row.id for row in written_rows(context)]
    return content_id("with rows", key, rows) if rows else key


def _said(context: Context) -> list[list[str | None]]:
    """What the reviews of today's rows say; who said it, when and why changes no row."""
    written = (*facts(context), *wordings(context), *written_rows(context))
    today = {row.id for row in written}
    return [
        [row, review.verdict, review.question, review.answer, review.short_answer]
        for row, review in sorted(reviews(context).items())
        if row in today and review.verdict != "pending"
    ]


def _show_in_lists(context: Context) -> None:
    from loresmith.workspace.rows.projection import list_rows

    list_rows(context)


def _refuse_to_go_on_with_too_little(context: Context) -> None:
    state = Generate().state(context)
    tolerated = context.recipe.generation.tolerated_failures
    if state.total - state.done > tolerated * state.total:
        lines = [f"  {failure.subject}: {failure.reason}" for failure in state.failures]
        if len(lines) > _MOST_SHOWN:
            lines[_MOST_SHOWN:] = [f"  ... and {len(lines) - _MOST_SHOWN} more"]
        raise ModelError(
            "\n".join(
                [
                    f"{state.total - state.done} of {state.total} calls of the teacher "
                    "brought nothing:",
                    *lines,
                ]
            ),
            hint="What was answered is kept: run again to ask only for the rest. "
            "generation.tolerated_failures lets a run go on with less.",
        )
