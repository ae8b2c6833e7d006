"""Asks the teacher again: for statements that no fact rests on, figures that none asks for, and
facts without wordings.

A passage that was never asked about is none of its business: `generate` does that. What was there
stays as it is: what a fill brings is kept under keys of its own, judged after all else, and
withheld facts stay withheld.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from loresmith.component import content_id
from loresmith.errors import ModelUnavailable
from loresmith.generation import Batch, ExamWordingWriter, TrainingWordingWriter
from loresmith.generation.filling import Gaps, OpenPlace
from loresmith.models import Embedded
from loresmith.models.structured import Asker, Request
from loresmith.records import Chunk, Document, Fact, FillKind, FillRound, Outcome, StoredRecord
from loresmith.workspace.context import Context
from loresmith.workspace.covered import Covered, covered_passages, kept_rows, thin_facts
from loresmith.workspace.fill_rounds import facts_of_rounds, round_key, rounds_of
from loresmith.workspace.steps.base import Failure, Step, StepState
from loresmith.workspace.steps.curate import Curate, curated
from loresmith.workspace.steps.many_calls import ManyCalls
from loresmith.workspace.steps.task_outcomes import PassageOf
from loresmith.workspace.tasks import Made, Task, place_of
from loresmith.workspace.writing import (
    brief_of,
    further_tasks,
    open_asker,
    opening_task,
    wording_request,
)


class Fill(Step):
    """Curated rows and what they leave open -> further facts and wordings, curated."""

    name = "fill"

    def state(self, context: Context) -> StepState:
        if curated(context) is None:
            return StepState(0, 1)
        asked = sum(one.job == context.job for one in context.store.all(FillRound) if context.job)
        left = list(planned(context))
        failed = context.store.get(Outcome, [one.task.key for one in left])
        return StepState(
            asked,
            asked + len(left),
            tuple(Failure(self.name, one.subject, one.failure) for one in failed if one.failure),
        )

    def run(self, context: Context) -> None:
        refuse_unable_teacher(context)
        tried: set[str] = set()
        done = self.state(context).done
        with open_asker(context) as asker:
            while calls := _next(list(planned(context)), tried):
                tried |= {call.task.key for call in calls}
                total = done + len(list(planned(context)))
                _FillCalls(context, asker, calls, total=total, done=done).write()
                done += len(calls)
                Curate().run(context)


class FillCall(NamedTuple):
    """One call that would fill something."""

    task: Task
    passage: tuple[Chunk, Document]
    kind: FillKind
    opening: str
    gaps: Gaps | None = None
    facts: tuple[Fact, ...] = ()
    """Those for which wordings are asked."""


class _FillCalls(ManyCalls):
    """The asking for what is open, and for what follows from that."""

    step = "fill"

    def __init__(
        self, context: Context, asker: Asker, calls: Sequence[FillCall], *, total: int, done: int
    ) -> None:
        super().__init__(context, asker, total=total, done=done)
        self._calls = calls

    def _missing(self) -> Iterator[tuple[PassageOf | None, Task]]:
        return ((call.passage, call.task) for call in self._calls)

    def _bring_last(self) -> bool:
        self._next.extend(self._again)
        self._again.clear()
        return bool(self._next)

    def _name_wordings(self, flights: list[Any]) -> None:
        """They follow from the calls themselves."""


def refuse_unable_teacher(context: Context) -> None:
    """Raises ModelUnavailable for the embedded model, which cannot answer such requests."""
    if isinstance(context.recipe.teacher, Embedded):
        raise ModelUnavailable(
            "the embedded model cannot fill gaps: it asks what its rules find, and nothing else",
            hint="Name a model that can, for example --teacher deepseek:deepseek-chat.",
        )


def planned(context: Context) -> Iterator[FillCall]:
    """What is to be asked, passage by passage: all but what this job has asked already, and what
    the teacher once said is not there (unless it is to be asked again). Asks nobody.

    Raises NotFound before the rows are curated.
    """
    kept = kept_rows(context)
    order = context.scope.fill
    untrained, unexamined = thin_facts(kept)
    for some in covered_passages(context, kept, only=order.document if order else None):
        opening = opening_task(context, some.chunk, some.document).key
        if context.done(opening) is None:
            continue
        asked = rounds_of(context, opening)
        yield from _fact_calls(context, some, opening, asked)
        thin: tuple[tuple[FillKind, frozenset[str]], ...] = (
            ("training wordings", untrained),
            ("exam wordings", unexamined),
        )
        for kind, ids in thin:
            lacking = [fact for fact in some.facts if fact.id in ids]
            yield from _wording_calls(context, some, opening, asked, kind, lacking)


def _next(left: Sequence[FillCall], tried: set[str]) -> list[FillCall]:
    """The first call of each kind for each passage: its next one has the number after it."""
    first: dict[tuple[str, str], FillCall] = {}
    for call in left:
        first.setdefault((call.opening, call.kind), call)
    return [call for call in first.values() if call.task.key not in tried]


def _fact_calls(
    context: Context, some: Covered, opening: str, rounds: Sequence[FillRound]
) -> Iterator[FillCall]:
    again = context.scope.fill is not None and context.scope.fill.again
    settled = {
        (one.start, one.end)
        for round in rounds
        for one in round.statements
        if (context.job and round.job == context.job) or (one.not_there and not again)
    }
    left = [
        OpenPlace(one.start, one.end, one.text, one.figures)
        for one in some.coverage.open
        if (one.start, one.end) not in settled
    ]
    number, most = _following(rounds, "facts"), context.recipe.generation.fill.most
    for start in range(0, len(left), most):
        gaps = Gaps(
            some.chunk,
            some.document,
            tuple(left[start : start + most]),
            tuple(fact.question for fact in some.facts),
            number + start // most,
        )
        task = _fact_task(context, gaps, opening)
        yield FillCall(task, (some.chunk, some.document), "facts", opening, gaps)


def _fact_task(context: Context, gaps: Gaps, opening: str) -> Task:
    generation, brief = context.recipe.generation, brief_of(context)
    key = round_key("facts", opening, gaps.number)

    def request() -> Request[Any]:
        return generation.fill.request(gaps, generation.facts, brief)

    def write(asker: Asker) -> Made:
        reply = asker.ask(generation.fill.request(gaps, generation.facts, brief))
        facts = generation.fill.facts(
            gaps, reply, facts=generation.facts, model=asker.model.name, brief=brief
        )
        told = FillRound(
            id=key,
            kind="facts",
            opening=opening,
            number=gaps.number,
            job=context.job,
            chunk_id=gaps.chunk.id,
            statements=generation.fill.asked(gaps, reply, facts),
            made=tuple(fact.id for fact in facts),
        )
        return Made([*facts, told])

    def then(records: Sequence[StoredRecord]) -> Iterator[Task]:
        facts = [record for record in records if isinstance(record, Fact)]
        first = context.done(opening)
        earlier = [
            one
            for one in rounds_of(context, opening)
            if one.kind == "facts" and one.number < gaps.number
        ]
        before = [
            *context.store.get(Fact, first.made if first is not None else ()),
            *facts_of_rounds(context, earlier),
        ]
        return further_tasks(context, gaps.chunk, gaps.document, facts, before=before)

    place = place_of(gaps.chunk, gaps.document)
    return Task(key, f"{place}: what no row says", write, request, then)


def _wording_calls(
    context: Context,
    some: Covered,
    opening: str,
    rounds: Sequence[FillRound],
    kind: FillKind,
    lacking: Sequence[Fact],
) -> Iterator[FillCall]:
    generation = context.recipe.generation
    writer = generation.training if kind == "training wordings" else generation.exam
    asked = {
        fact
        for round in rounds
        if round.kind == kind and context.job and round.job == context.job
        for fact in round.fact_ids
    }
    left = [fact for fact in lacking if fact.id not in asked]
    number = _following(rounds, kind)
    for place, batch in enumerate(writer.batches(some.chunk, some.document, left)):
        task = _wording_task(
            context, writer, batch._replace(is_first=False), kind, opening, number + place
        )
        yield FillCall(task, (some.chunk, some.document), kind, opening, facts=batch.facts)


def _wording_task(
    context: Context,
    writer: TrainingWordingWriter | ExamWordingWriter,
    batch: Batch,
    kind: FillKind,
    opening: str,
    number: int,
) -> Task:
    key = round_key(kind, opening, number)
    asked_before = wording_request(writer, batch, brief_of(context))

    def request() -> Request[Any]:
        return replace(asked_before(), sample=number + 1)

    def write(asker: Asker) -> Made:
        reply = asker.ask(request())
        written = [
            one.model_copy(update={"id": content_id("fill", one.id, number)})
            for one in writer.wordings(batch, reply, model=asker.model.name)
        ]
        told = FillRound(
            id=key,
            kind=kind,
            opening=opening,
            number=number,
            job=context.job,
            chunk_id=batch.chunk.id,
            fact_ids=tuple(fact.id for fact in batch.facts),
            made=tuple(one.id for one in written),
        )
        return Made([*written, told])

    return Task(key, f"{place_of(batch.chunk, batch.document)}: {kind} again", write, request)


def _following(rounds: Sequence[FillRound], kind: FillKind) -> int:
    """The number of the next round of a kind."""
    return 1 + max((one.number for one in rounds if one.kind == kind), default=-1)
