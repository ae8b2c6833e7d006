"""What became of the writing tasks of many passages, read from the store some hundred at a time.

Why: a question to the store for each task takes longer than the teacher does, once there are
thousands of passages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from loresmith.generation.row_kinds import PassageFacts
from loresmith.models import Embedded
from loresmith.records import Chunk, Document, Fact, Outcome
from loresmith.workspace.context import Context
from loresmith.workspace.fill_rounds import fact_rounds, rounds_of
from loresmith.workspace.row_writing import passage_row_tasks
from loresmith.workspace.writing import (
    Task,
    corpus_tasks,
    opening_task,
    tasks_after_rounds,
    wording_tasks,
)

AT_ONCE = 200
"""Passages whose tasks are looked up together."""
PassageOf = tuple[Chunk, Document]


class TaskOutcome(NamedTuple):
    """A task of a passage, by its key, and what became of it; None where it was never done."""

    key: str
    outcome: Outcome | None

    @property
    def done(self) -> Outcome | None:
        """The outcome, unless it failed."""
        return self.outcome if self.outcome is not None and not self.outcome.failure else None


def task_outcomes(context: Context, passages: Sequence[PassageOf]) -> Iterator[TaskOutcome]:
    """All tasks of these passages that can be named by now, in their order; then those about all
    of them together."""
    for some in in_parts(passages):
        openings = [opening_task(context, *passage) for passage in some]
        found = _outcomes(context, [task.key for task in openings])
        named = [
            _following(context, task, found.get(task.key), passage)
            for task, passage in zip(openings, some, strict=True)
        ]
        found |= _outcomes(context, [key for keys in named for key in keys])
        for task, keys in zip(openings, named, strict=True):
            for key in (task.key, *keys):
                yield TaskOutcome(key, found.get(key))
            yield from _fills(context, task.key)
    for task in corpus_tasks(context, passages):
        yield TaskOutcome(task.key, context.store.one(Outcome, task.key))


def missing_tasks(context: Context, passages: Sequence[PassageOf]) -> list[list[Task]]:
    """For each passage, which of its tasks that can be named by now are not done."""
    openings = [opening_task(context, *passage) for passage in passages]
    found = _outcomes(context, [task.key for task in openings])
    named = []
    for opening, (chunk, document) in zip(openings, passages, strict=True):
        outcome = found.get(opening.key)
        if outcome is None or outcome.failure:
            named.append([opening, *_without_facts(context, (chunk, document))])
            continue
        named.append(_wording_tasks(context, chunk, document, outcome))
    found |= _outcomes(context, [task.key for tasks in named for task in tasks])
    return [
        [task for task in tasks if (known := found.get(task.key)) is None or known.failure]
        for tasks in named
    ]


def in_parts(passages: Iterable[PassageOf]) -> Iterator[list[PassageOf]]:
    """Some at a time, as many as are looked up together."""
    left = iter(passages)
    while some := list(islice(left, AT_ONCE)):
        yield some


def _fills(context: Context, opening: str) -> Iterator[TaskOutcome]:
    """What was asked again about a passage: a round is stored with all that it brought."""
    for one in rounds_of(context, opening):
        done = Outcome(id=one.id, step="fill", subject=one.kind, made=one.made)
        yield TaskOutcome(one.id, done)


def _outcomes(context: Context, keys: Sequence[str]) -> dict[str, Outcome]:
    return {outcome.id: outcome for outcome in context.store.get(Outcome, keys)}


def _following(
    context: Context, opening: Task, outcome: Outcome | None, passage: PassageOf
) -> tuple[str, ...]:
    """The keys of the tasks that follow from a passage's facts, or need none."""
    if outcome is None or outcome.failure:
        return tuple(task.key for task in _without_facts(context, passage))
    known = context.following.get(opening.key)
    if known is not None and known[0] == _made(context, outcome):
        return known[1]
    keys = tuple(task.key for task in _wording_tasks(context, *passage, outcome))
    context.following[opening.key] = (outcome.made, keys)
    return keys


def _without_facts(context: Context, passage: PassageOf) -> list[Task]:
    """What can be written before the facts of a passage are there: its own text, say."""
    return list(passage_row_tasks(context, PassageFacts(*passage, ())))


def _wording_tasks(
    context: Context, chunk: Chunk, document: Document, opening: Outcome
) -> list[Task]:
    if isinstance(context.recipe.teacher, Embedded) and not context.recipe.generation.rows:
        return []
    facts = context.store.get(Fact, opening.made)
    tasks = [
        *wording_tasks(context, chunk, document, facts),
        *tasks_after_rounds(context, chunk, document, opening.id, facts),
    ]
    context.following[opening.id] = (
        _made(context, opening),
        tuple(task.key for task in tasks),
    )
    return tasks


def _made(context: Context, opening: Outcome) -> tuple[str, ...]:
    """All facts of a passage: those of its opening task, and those of later rounds."""
    added = [made for one in fact_rounds(context, opening.id) for made in one.made]
    return (*opening.made, *added)
