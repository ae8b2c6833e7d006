"""Keeps as many calls in flight as the teacher takes, and stores what they bring.

Why in parts: with hundreds of replies a second, one transaction each, or one look at everything
that is in flight, would take longer than the replies do.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from loresmith.errors import BudgetExceeded, JobCancelled, ModelError, ModelUnavailable
from loresmith.models.structured import Asker
from loresmith.records import Fact
from loresmith.workspace.context import Context, Finished
from loresmith.workspace.steps.asking import asked_passages
from loresmith.workspace.steps.task_outcomes import PassageOf, in_parts, missing_tasks
from loresmith.workspace.writing import Made, Task, corpus_tasks

_GIVE_UP_AFTER = 3
"""Calls that find no teacher, in a row and each after its own retries, end the writing."""
_LAST_REPLIES_SECONDS = 5.0
"""How long a writing that the user stopped waits for the calls that are in flight."""
_SETTLED_AT_ONCE = 100
"""Replies that are stored in one transaction, where so many have come."""
_SECONDS_BETWEEN_WORDS = 0.2
"""How often it says how far it is."""


class _Flight(NamedTuple):
    """A task on its way."""

    task: Task
    about: PassageOf | None
    """The passage that it is about; None where it is about all."""
    is_again: bool = False
    """Whether it failed before for a reason that may pass."""


class ManyCalls:
    """The writing of all that is missing, at one teacher."""

    step = "generate"
    """Whose work it is, as progress and outcomes say."""

    def __init__(self, context: Context, asker: Asker, *, total: int, done: int) -> None:
        self._context = context
        self._asker = asker
        self._total = total
        self._done = done
        self._failed = 0
        self._unavailable = 0
        """Calls that found no teacher, one after another."""
        self._answers = done > 0
        """Whether the teacher has proved that it is there."""
        self._flying: dict[Future[Made], _Flight] = {}
        self._landed: SimpleQueue[Future[Made] | Future[None]] = SimpleQueue()
        self._next: deque[_Flight] = deque()
        """Tasks that follow from replies, before those of further passages."""
        self._again: list[_Flight] = []
        self._named_of_all = False
        """Whether the tasks about all passages together are named."""
        self._told = 0.0

    def write(self) -> None:
        """Returns when nothing is missing but what failed. Raises what ends the writing:
        ModelUnavailable, BudgetExceeded, JobCancelled."""
        workers = max(1, self._asker.model.most_concurrency)
        pool = ThreadPoolExecutor(workers, thread_name_prefix="teacher")
        patience: float | None = None
        try:
            proof = None if self._answers else pool.submit(self._asker.model.check)
            if proof is not None:
                proof.add_done_callback(self._landed.put)
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
        """Sends and takes until nothing is left. `proof` is a tiny call that, at a teacher which
        is not there, gives up sooner than the calls in earnest beside it."""
        waiting = self._waiting()
        self._send(pool, waiting)
        while self._flying:
            landed = self._take()
            if proof is not None and proof.done() and not self._answers:
                proof.result()
            self._settle([one for one in landed if one is not proof])
            self._send(pool, waiting)
            self._tell()
        self._tell(at_last=True)

    def _waiting(self) -> Iterator[_Flight]:
        return (_Flight(task, passage) for passage, task in self._missing())

    def _missing(self) -> Iterator[tuple[PassageOf | None, Task]]:
        """What is missing, passage by passage."""
        for passages in in_parts(asked_passages(self._context)):
            missing = missing_tasks(self._context, passages)
            for passage, tasks in zip(passages, missing, strict=True):
                for task in tasks:
                    yield passage, task

    def _send(self, pool: ThreadPoolExecutor, waiting: Iterator[_Flight]) -> None:
        """Fills up what may be in flight, and as much again: a worker that is free never waits,
        however long the replies that came together take to be settled."""
        room = 2 * max(1, self._asker.model.concurrency)
        while len(self._flying) < room:
            flight = self._next.popleft() if self._next else next(waiting, None)
            if flight is None:
                if self._flying or not self._bring_last():
                    return
                continue
            future = pool.submit(flight.task.write, self._asker)
            self._flying[future] = flight
            future.add_done_callback(self._landed.put)

    def _bring_last(self) -> bool:
        """When all else is done: once more what may go better now, then what is about all passages
        together. False where nothing is left."""
        if self._again:
            self._next.extend(self._again)
            self._again.clear()
        elif not self._named_of_all:
            self._named_of_all = True
            of_all = [
                task
                for task in corpus_tasks(self._context, asked_passages(self._context))
                if self._context.done(task.key) is None
            ]
            self._next.extend(_Flight(task, None) for task in of_all)
            self._total = self._done + self._failed + len(of_all)
        return bool(self._next)

    def _take(self) -> list[Future[Any]]:
        """Replies that are there; waits a second for the first one."""
        landed: list[Future[Any]] = []
        try:
            landed.append(self._landed.get(timeout=1.0))
            while len(landed) < _SETTLED_AT_ONCE:
                landed.append(self._landed.get_nowait())
        except Empty:
            pass
        return landed

    def _settle(self, landed: list[Future[Made]]) -> None:
        finished: list[Finished] = []
        bring_more: list[_Flight] = []
        stop: ModelError | None = None
        for future in landed:
            flight = self._flying.pop(future)
            try:
                written = future.result()
            except ModelError as error:
                stop = self._failure(flight, error) or stop
                continue
            self._unavailable = 0
            self._answers = True
            self._failed -= flight.is_again
            finished.append(
                Finished(flight.task.key, flight.task.subject, written.records, written.skipped)
            )
            following = [_Flight(task, flight.about) for task in flight.task.then(written.records)]
            self._next.extend(following)
            self._total += len(following)
            if any(isinstance(record, Fact) for record in written.records):
                bring_more.append(flight)
        if finished:
            self._context.finish_all(self.step, finished)
            self._done += sum(map(self._share, finished))
        if stop is not None:
            raise stop
        self._name_wordings(bring_more)

    def _share(self, _finished: Finished) -> int:
        """How much of the total a finished task is."""
        return 1

    def _failure(self, flight: _Flight, error: ModelError) -> ModelError | None:
        """Notes why a task failed; returns the error where it ends the whole writing."""
        self._context.fail(flight.task.key, self.step, flight.task.subject, error.message)
        self._unavailable += isinstance(error, ModelUnavailable)
        if isinstance(error, BudgetExceeded) or self._unavailable == _GIVE_UP_AFTER:
            return error
        self._failed += not flight.is_again
        if error.may_pass and not flight.is_again:
            self._again.append(flight._replace(is_again=True))
        return None

    def _name_wordings(self, flights: list[_Flight]) -> None:
        """Now that facts are there, their wordings can be named."""
        passages = [flight.about for flight in flights if flight.about is not None]
        for passage, tasks in zip(passages, missing_tasks(self._context, passages), strict=True):
            self._total += len(tasks)
            self._next.extend(_Flight(task, passage) for task in tasks)

    def _tell(self, *, at_last: bool = False) -> None:
        self._context.check()
        now = time.monotonic()
        if now < self._told + _SECONDS_BETWEEN_WORDS and not at_last:
            return
        self._told = now
        usage = self._asker.usage
        self._context.spent(usage)
        note = f"{usage.calls} calls, {usage.cached} cached, {usage.completion_tokens:,} tokens"
        if self._failed:
            note += f", {self._failed} failed"
        self._context.tell(self.step, self._done, self._total, note)
