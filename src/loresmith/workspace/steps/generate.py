"""Has the teacher write facts and their wordings, chunk by chunk, as many at once as it takes.

A chunk's facts are checked before wordings are asked for, so that nothing is paid for a fact that
will be thrown out. One chunk that fails stops no other; it is tried again by the next run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, NamedTuple

from loresmith.component import content_id
from loresmith.errors import BudgetExceeded, ModelError, ModelUnavailable
from loresmith.generation import Batch
from loresmith.generation.prompts import prompts_version
from loresmith.models import ModelSpec, Recorded
from loresmith.models.structured import Asker
from loresmith.records import Chunk, Document, Fact, Outcome, StoredRecord, Wording
from loresmith.workspace.context import Context
from loresmith.workspace.steps.base import Failure, Step, StepState
from loresmith.workspace.steps.chunk import chunks
from loresmith.workspace.steps.parse import documents


class _Task(NamedTuple):
    """One call to make: what is stored under `key` when it is done."""

    key: str
    subject: str
    ask: Callable[[Asker], list[StoredRecord]]


class Generate(Step):
    """Chunks -> facts and wordings."""

    name = "generate"

    def state(self, context: Context) -> StepState:
        done = total = 0
        failures = []
        for chunk, document in passages(context):
            tasks = _tasks(context, chunk, document)
            found = [context.store.one(Outcome, task.key) for task in tasks]
            total += len(tasks)
            for outcome in found:
                if outcome is not None and outcome.failure:
                    failures.append(Failure(self.name, outcome.subject, outcome.failure))
                done += outcome is not None and not outcome.failure
        return StepState(done, total, tuple(failures))

    def run(self, context: Context) -> None:
        before = self.state(context)
        with open_asker(context) as asker:
            _Writing(context, asker, total=before.total, done=before.done).write()


class _Writing:
    """Keeps as many calls in flight as the teacher takes, and stores each result as it comes."""

    def __init__(self, context: Context, asker: Asker, *, total: int, done: int) -> None:
        self._context = context
        self._asker = asker
        self._total = total
        self._done = done
        self._failed = 0
        self._flying: dict[Future[list[StoredRecord]], tuple[_Task, Chunk, Document]] = {}

    def write(self) -> None:
        workers = max(1, self._asker.model.concurrency)
        with ThreadPoolExecutor(workers, thread_name_prefix="teacher") as pool:
            try:
                for chunk, document in passages(self._context):
                    self._submit(pool, chunk, document)
                while self._flying:
                    ready, _ = wait(self._flying, timeout=1.0, return_when=FIRST_COMPLETED)
                    for future in ready:
                        self._settle(pool, future)
                    self._tell()
            except BaseException:
                for future in self._flying:
                    future.cancel()
                raise

    def _submit(self, pool: ThreadPoolExecutor, chunk: Chunk, document: Document) -> None:
        waiting = {task.key for task, _, _ in self._flying.values()}
        for task in _tasks(self._context, chunk, document):
            if task.key not in waiting and self._context.done(task.key) is None:
                self._flying[pool.submit(task.ask, self._asker)] = (task, chunk, document)

    def _settle(self, pool: ThreadPoolExecutor, future: Future[list[StoredRecord]]) -> None:
        task, chunk, document = self._flying.pop(future)
        try:
            made = future.result()
        except (ModelUnavailable, BudgetExceeded) as error:
            self._context.fail(task.key, "generate", task.subject, error.message)
            raise
        except ModelError as error:
            self._failed += 1
            self._context.fail(task.key, "generate", task.subject, error.message)
            return
        self._context.finish(task.key, "generate", task.subject, made)
        self._done += 1
        if any(isinstance(record, Fact) for record in made):
            wordings = _wording_tasks(self._context, chunk, document)
            self._total += len(wordings)
            self._submit(pool, chunk, document)

    def _tell(self) -> None:
        usage = self._asker.usage
        self._context.usage["generate"] = usage
        note = f"{usage.calls} calls, {usage.cached} cached, {usage.completion_tokens:,} tokens"
        if self._failed:
            note += f", {self._failed} failed"
        self._context.tell("generate", self._done, self._total, note)


def passages(context: Context) -> list[tuple[Chunk, Document]]:
    """Today's chunks, each with its document."""
    by_id = {document.id: document for document in documents(context)}
    return [(chunk, by_id[chunk.document_id]) for chunk in chunks(context)]


def facts(context: Context) -> list[Fact]:
    """Today's facts as the teacher wrote them, in the order of document, chunk and index."""
    found: list[str] = []
    for chunk, document in passages(context):
        found += _made(context, _facts_task(context, chunk, document))
    return context.store.get(Fact, found)


def wordings(context: Context) -> list[Wording]:
    """Today's wordings as the teacher wrote them, in the order of the facts."""
    found: list[str] = []
    for chunk, document in passages(context):
        for task in _wording_tasks(context, chunk, document):
            found += _made(context, task)
    return context.store.get(Wording, found)


@contextmanager
def open_asker(context: Context) -> Iterator[Asker]:
    """The teacher, ready to be asked through the project's cache of paid-for replies."""
    from loresmith.models.cache import ReplyCache

    with teacher_of(context).open() as model, ReplyCache(context.project.replies) as cache:
        yield Asker(model, cache, attempts=context.recipe.generation.attempts)


def teacher_of(context: Context) -> ModelSpec:
    """The recipe's teacher, with paths taken from the project's folder."""
    spec = context.recipe.teacher
    if isinstance(spec, Recorded):
        return spec.model_copy(update={"path": context.project.folder / spec.path})
    return spec


def _made(context: Context, task: _Task) -> tuple[str, ...]:
    outcome = context.done(task.key)
    return outcome.made if outcome is not None else ()


def _tasks(context: Context, chunk: Chunk, document: Document) -> list[_Task]:
    """The calls for a chunk: its facts, and once these are there, their wordings."""
    return [
        _facts_task(context, chunk, document),
        *_wording_tasks(context, chunk, document),
    ]


def _facts_task(context: Context, chunk: Chunk, document: Document) -> _Task:
    writer = context.recipe.generation.facts

    def ask(asker: Asker) -> list[StoredRecord]:
        reply = asker.ask(writer.request(chunk, document))
        return [*writer.facts(chunk, document, reply, model=asker.model.name)]

    key = _key(context, "facts", writer.fingerprint(), [chunk.id])
    return _Task(key, _place(chunk, document, "facts"), ask)


def _wording_tasks(context: Context, chunk: Chunk, document: Document) -> list[_Task]:
    written = _made(context, _facts_task(context, chunk, document))
    judged = context.recipe.curation.curate_facts(
        context.store.get(Fact, written), [chunk], [document]
    )
    tasks = []
    for writer, use in (
        (context.recipe.generation.training, "training wordings"),
        (context.recipe.generation.exam, "exam wordings"),
    ):
        for batch in writer.batches(chunk, document, judged.kept):
            ids = [fact.id for fact in batch.facts]
            key = _key(context, use, writer.fingerprint(), ids)
            tasks.append(_Task(key, _place(chunk, document, use), _wording_call(writer, batch)))
    return tasks


def _wording_call(writer: Any, batch: Batch) -> Callable[[Asker], list[StoredRecord]]:
    def ask(asker: Asker) -> list[StoredRecord]:
        reply = asker.ask(writer.request(batch))
        return [*writer.wordings(batch, reply, model=asker.model.name)]

    return ask


def _key(context: Context, use: str, writer: str, ids: list[str]) -> str:
    """Changes with all that the reply depends on; a changed prompt asks for everything anew."""
    return content_id(use, context.recipe.teacher.fingerprint(), writer, prompts_version(), ids)


def _place(chunk: Chunk, document: Document, use: str) -> str:
    return f"{document.name}, characters {chunk.start}-{chunk.end}: {use}"
