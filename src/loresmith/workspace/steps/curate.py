"""Checks every row against its source; what is thrown out is counted and named."""

from __future__ import annotations

from loresmith.component import content_id
from loresmith.errors import ModelError
from loresmith.records import Curated
from loresmith.workspace.context import Context, remembered
from loresmith.workspace.steps.base import Step, StepState
from loresmith.workspace.steps.chunk import chunks
from loresmith.workspace.steps.generate import Generate, facts, wordings
from loresmith.workspace.steps.parse import documents

_MOST_SHOWN = 20


class Curate(Step):
    """Facts and wordings as written -> those that can be trusted."""

    name = "curate"

    def state(self, context: Context) -> StepState:
        return StepState(int(curated(context) is not None), 1)

    def run(self, context: Context) -> None:
        _refuse_to_go_on_with_too_little(context)
        context.tell(self.name, 0, 1)
        today = chunks(context), documents(context)
        judged = context.recipe.curation.curate_facts(facts(context), *today)
        worded = context.recipe.curation.curate_wordings(wordings(context), judged.kept, *today)
        context.add(
            [
                Curated(
                    id=_key(context),
                    facts=judged.kept,
                    wordings=worded.kept,
                    drops=(*judged.drops, *worded.drops),
                )
            ]
        )
        context.tell(self.name, 1, 1)


@remembered
def curated(context: Context) -> Curated | None:
    """What curation kept and dropped of what is written today; None before it was run."""
    return context.store.one(Curated, _key(context))


def _key(context: Context) -> str:
    return content_id(
        "curate",
        context.recipe.curation.fingerprint(),
        [chunk.id for chunk in chunks(context)],
        [fact.id for fact in facts(context)],
        [wording.id for wording in wordings(context)],
    )


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
