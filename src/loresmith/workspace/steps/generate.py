"""Has the teacher write facts, their wordings and other rows, as many calls at once as it takes.

One call that fails stops no other; it is tried again by the next run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, NamedTuple, TypeAlias

from loresmith.errors import BudgetExceeded, JobCancelled, ModelError, ModelUnavailable
from loresmith.models.structured import Asker
from loresmith.records import (
    Chunk,
    Document,
    Drop,
    Fact,
    Outcome,
    Wording,
    WrittenRow,
    WrittenTopics,
)
from loresmith.workspace.context import Context, remembered
from loresmith.workspace.steps.asking import asked_documents, asked_passages, passages
from loresmith.workspace.steps.base import Failure, Step, StepState
from loresmith.workspace.writing import (
    Made,
    Task,
    corpus_tasks,
    made,
    open_asker,
    refuse_unsuited_teacher,
    tasks_for,
)

_GIVE_UP_AFTER = 3
"""Calls that find no teacher, in a row and each after its own retries, end the writing."""
_LAST_REPLIES_SECONDS = 5.0
"""How long a writing that the user stopped waits for the calls that are in flight."""


class Generate(Step):
    """Chunks that were asked for -> facts, wordings and rows of other kinds."""

    name = "generate"

    def state(self, context: Context) -> StepState:
        done = total = 0
        failures = []
        asked = asked_passages(context)
        by_passage = (tasks_for(context, *passage) for passage in asked)
        for tasks in (*by_passage, list(corpus_tasks(context, asked))):
            found = [context.store.one(Outcome, task.key) for task in tasks]
            total += len(tasks)
            for outcome in found:
                if outcome is not None and outcome.failure:
                    failures.append(Failure(self.name, outcome.subject, outcome.failure))
                done += outcome is not None and not outcome.failure
        return StepState(done, total, tuple(failures))

    def run(self, context: Context) -> None:
        refuse_unsuited_teacher(context, asked_documents(context))
        before = self.state(context)
        with open_asker(context) as asker:
            _Writing(context, asker, total=before.total, done=before.done).write()


_About: TypeAlias = tuple[Chunk, Document] | None
"""The passage that a task is about; None where it is about all."""


class _Flight(NamedTuple):
    """A task on its way."""

    task: Task
    about: _About


class _Writing:
    """Keeps as many calls in flight as the teacher takes, and stores each result as it comes."""

    def __init__(self, context: Context, asker: Asker, *, total: int, done: int) -> None:
        self._context = context
        self._asker = asker
        self._total = total
        self._done = done
        self._failed = 0
        self._sent: set[str] = set()
        """The keys of the tasks that were sent off."""
        self._unavailable = 0
        """Calls that found no teacher, one after another."""
        self._answers = done > 0
        """Whether the teacher has proved that it is there."""
        self._flying: dict[Future[Made], _Flight] = {}

    def write(self) -> None:
        workers = max(1, self._asker.model.concurrency)
        pool = ThreadPoolExecutor(workers, thread_name_prefix="teacher")
        patience: float | None = None
        try:
            proof = None if self._answers else pool.submit(self._asker.model.check)
            asked = asked_passages(self._context)
            for passage in asked:
                self._submit(pool, tasks_for(self._context, *passage), passage)
            self._collect(pool, proof)
            sent = self._submit(pool, corpus_tasks(self._context, asked), None)
            self._total = self._done + self._failed + sent
            self._collect(pool, proof)
        except ModelUnavailable:
            patience = _LAST_REPLIES_SECONDS if self._answers else 0.0
            raise
        except (KeyboardInterrupt, JobCancelled):
            patience = _LAST_REPLIES_SECONDS
            raise
        finally:
            # Stopped half-way: what is paid for may still arrive, and is kept in the cache.
            pool.shutdown(wait=False, cancel_futures=True)
            wait([one for one in self._flying if not one.cancelled()], timeout=patience)

    def _collect(self, pool: ThreadPoolExecutor, proof: Future[None] | None) -> None:
        """Takes replies until none is awaited. `proof` is a tiny call that, at a teacher which is
        not there, gives up sooner than the calls in earnest beside it."""
        while self._flying:
            awaited: set[Future[Any]] = {*self._flying}
            if proof is not None and not proof.done():
                awaited.add(proof)
            ready, _ = wait(awaited, timeout=1.0, return_when=FIRST_COMPLETED)
            for future in ready & self._flying.keys():
                self._settle(pool, future)
            if proof is not None and proof.done() and not self._answers:
                proof.result()
            self._tell()

    def _submit(self, pool: ThreadPoolExecutor, tasks: Iterable[Task], about: _About) -> int:
        """Sends off those of `tasks` that are neither done nor sent; returns how many."""
        missing = [
            task
            for task in tasks
            if task.key not in self._sent and self._context.done(task.key) is None
        ]
        for task in missing:
            self._sent.add(task.key)
            self._flying[pool.submit(task.write, self._asker)] = _Flight(task, about)
        return len(missing)

    def _settle(self, pool: ThreadPoolExecutor, future: Future[Made]) -> None:
        task, about = self._flying.pop(future)
        try:
            written = future.result()
        except ModelError as error:
            self._failed += 1
            self._context.fail(task.key, "generate", task.subject, error.message)
            self._unavailable += isinstance(error, ModelUnavailable)
            if isinstance(error, BudgetExceeded) or self._unavailable == _GIVE_UP_AFTER:
                raise
            return
        self._unavailable = 0
        self._answers = True
        self._context.finish(
            task.key, "generate", task.subject, written.records, skipped=written.skipped
        )
        self._done += 1
        self._total += self._submit(pool, task.then(written.records), about)
        if about is not None and any(isinstance(record, Fact) for record in written.records):
            # Now their wordings can be named.
            self._total += self._submit(pool, tasks_for(self._context, *about), about)

    def _tell(self) -> None:
        usage = self._asker.usage
        self._context.spent(usage)
        note = f"{usage.calls} calls, {usage.cached} cached, {usage.completion_tokens:,} tokens"
        if self._failed:
            note += f", {self._failed} failed"
        self._context.tell("generate", self._done, self._total, note)


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
    outcomes = (context.done(task.key) for task in _tasks(context))
    return [drop for outcome in outcomes if outcome is not None for drop in outcome.skipped]


@remembered
def _written(context: Context) -> list[str]:
    """Ids of everything that the teacher wrote for today's passages."""
    return [record_id for task in _tasks(context) for record_id in made(context, task)]


def _tasks(context: Context) -> Iterator[Task]:
    for chunk, document in passages(context):
        yield from tasks_for(context, chunk, document)
    yield from corpus_tasks(context, passages(context))
