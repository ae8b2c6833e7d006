"""Has the teacher write facts, their wordings and other rows, as many calls at once as it takes.

One call that fails stops no other; it is tried again by the next run.
"""

from __future__ import annotations

from loresmith.records import Drop, Fact, Wording, WrittenRow, WrittenTopics
from loresmith.workspace.context import Context, remembered
from loresmith.workspace.steps.asking import asked_documents, asked_passages, passages
from loresmith.workspace.steps.base import Failure, Step, StepState
from loresmith.workspace.steps.many_calls import ManyCalls
from loresmith.workspace.steps.tags import is_wanted, make_tree, source_of
from loresmith.workspace.steps.task_outcomes import task_outcomes
from loresmith.workspace.writing import open_asker, refuse_unsuited_teacher, tree


class Generate(Step):
    """Chunks that were asked for -> facts, wordings and rows of other kinds."""

    name = "generate"

    def state(self, context: Context) -> StepState:
        done = total = 0
        failures = []
        for task in task_outcomes(context, asked_passages(context)):
            total += 1
            done += task.done is not None
            if task.outcome is not None and task.outcome.failure:
                failures.append(Failure(self.name, task.outcome.subject, task.outcome.failure))
        return StepState(done, total, tuple(failures))

    def run(self, context: Context) -> None:
        refuse_unsuited_teacher(context, asked_documents(context))
        before = self.state(context)
        with open_asker(context) as asker:
            if is_wanted(context) and tree(context) is None:
                make_tree(context, asker if source_of(context) == "teacher" else None)
            ManyCalls(context, asker, total=before.total, done=before.done).write()


def facts(context: Context) -> list[Fact]:
    """Today's facts as the teacher wrote them, in the order of document and passage."""
    return context.store.get(Fact, _written(context))


def wordings(context: Context) -> list[Wording]:
    """Today's wordings as the teacher wrote them, in the order of document and passage."""
    return context.store.get(Wording, _written(context))


def written_rows(context: Context) -> list[WrittenRow]:
    """Today's rows of other kinds as they were written, in the order of document and passage."""
    found = context.store.get(WrittenRow, _written(context))
    return [row for row in found if not isinstance(row.content, WrittenTopics)]


def skipped(context: Context) -> list[Drop]:
    """What the writer left out of today's passages, with reasons."""
    outcomes = (task.done for task in task_outcomes(context, passages(context)))
    return [drop for outcome in outcomes if outcome is not None for drop in outcome.skipped]


@remembered
def _written(context: Context) -> list[str]:
    """Ids of everything that the teacher wrote for today's passages."""
    outcomes = (task.done for task in task_outcomes(context, passages(context)))
    return [made for outcome in outcomes if outcome is not None for made in outcome.made]
