"""What every step is handed: the project, its recipe, its store, and how to tell and to stop."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from loresmith.component import Component, content_id
from loresmith.recipe import Recipe
from loresmith.records import Drop, Outcome, StepLog, StoredRecord, Usage
from loresmith.settings import Settings
from loresmith.store import Store
from loresmith.workspace.progress import Progress, ProgressListener, silent
from loresmith.workspace.project import Project
from loresmith.workspace.scope import Scope

if TYPE_CHECKING:
    from sqlalchemy import Engine

ValueT = TypeVar("ValueT")


def _go_on() -> None:
    return None


_SECONDS_BETWEEN_LOGS = 5.0


class _Timing(NamedTuple):
    """The step under way; when it began by the calendar, and by the stopwatch that also says
    when it was last logged."""

    step: str
    started: float
    clock: float
    logged: float


class Finished(NamedTuple):
    """A piece of work that is done, and what it made and left out."""

    key: str
    subject: str
    made: Sequence[StoredRecord]
    skipped: Sequence[Drop] = ()


@dataclass
class Context:
    """One command's view of a project. `check` raises JobCancelled when the work must stop."""

    project: Project
    project_id: str
    recipe: Recipe
    settings: Settings
    store: Store
    engine: Engine
    """The database that records and jobs share."""
    on_progress: ProgressListener = silent
    check: Callable[[], None] = _go_on
    job: str = ""
    """The id of the job under way; calls of the teacher are noted as its."""
    scope: Scope = field(default_factory=Scope)
    """What the job under way is limited to."""
    memory: dict[Callable[..., Any], Any] = field(default_factory=dict)
    """What `remembered` functions have read since the last change."""
    following: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=dict)
    """By a task's key: the ids of what it made, and the keys of the tasks that follow from it."""
    _fingerprints: dict[int, tuple[Component, str]] = field(default_factory=dict)
    _timing: _Timing = field(default_factory=lambda: _Timing("", 0.0, 0.0, 0.0))
    _usage: Usage = field(default_factory=Usage)

    def tell(self, step: str, done: int, total: int, note: str = "") -> None:
        """Passes progress on, and stops the step here if the job was cancelled."""
        self.pass_on(Progress(step, done, total, note))
        self.check()

    def pass_on(self, progress: Progress) -> None:
        """Passes progress on; a step that is killed later has logged its time up to about here."""
        self.on_progress(progress)
        due = self._timing.logged + _SECONDS_BETWEEN_LOGS
        if progress.step == self._timing.step and time.monotonic() >= due:
            self.spent(self._usage)

    def done(self, key: str) -> Outcome | None:
        """The outcome of the piece of work under `key`, unless it failed or was never done."""
        outcome = self.store.one(Outcome, key)
        return outcome if outcome is not None and not outcome.failure else None

    def finish(
        self,
        key: str,
        step: str,
        subject: str,
        made: Sequence[StoredRecord],
        *,
        skipped: Sequence[Drop] = (),
    ) -> None:
        """Stores what a piece of work made, and left out, with the word that it is done."""
        ids = tuple(record.id for record in made)
        self.add(made)
        outcome = Outcome(id=key, step=step, subject=subject, made=ids, skipped=tuple(skipped))
        self.store.put(outcome)
        self.memory.clear()

    def finish_all(self, step: str, pieces: Sequence[Finished]) -> None:
        """`finish` for several pieces of work at once: all that they made, then the words."""
        self.add([record for piece in pieces for record in piece.made])
        self.store.put_all(
            Outcome(
                id=piece.key,
                step=step,
                subject=piece.subject,
                made=tuple(record.id for record in piece.made),
                skipped=tuple(piece.skipped),
            )
            for piece in pieces
        )
        self.memory.clear()

    def fingerprint(self, part: Component) -> str:
        """The fingerprint of a part of the recipe, computed once: it is asked for at every task."""
        known = self._fingerprints.get(id(part))
        if known is None:  # the part is kept with it, so that its id stays its own
            known = self._fingerprints[id(part)] = (part, part.fingerprint())
        return known[1]

    def add(self, made: Sequence[StoredRecord]) -> None:
        """Stores records that steps read; what was remembered is read anew from here on."""
        self.store.add(made)
        self.memory.clear()

    def fail(self, key: str, step: str, subject: str, reason: str) -> None:
        """Remembers why a piece of work could not be done; the next run tries it again."""
        self.store.put(Outcome(id=key, step=step, subject=subject, failure=reason))
        self.memory.clear()

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Logs the seconds of one step of this command, and the calls that it tells of."""
        now = time.monotonic()
        self._timing = _Timing(step, time.time(), now, now)
        self.spent(Usage())
        try:
            yield
        finally:
            self.spent(self._usage)

    def spent(self, usage: Usage) -> None:
        """Logs what the step under way has cost so far: a run that is killed has paid for it."""
        timing = self._timing._replace(logged=time.monotonic())
        self._usage, self._timing = usage, timing
        recipe_id = self.recipe.fingerprint()
        self.store.put(
            StepLog(
                id=content_id(recipe_id, timing.step, timing.started),
                recipe_id=recipe_id,
                step=timing.step,
                seconds=round(timing.logged - timing.clock, 3),
                usage=usage,
            )
        )


def remembered(read: Callable[[Context], ValueT]) -> Callable[[Context], ValueT]:
    """Reads once, and again only after something was stored: every step looks at what those
    before it made, and all of it at once is slow to put together. Callers change nothing in it."""

    @functools.wraps(read)
    def again(context: Context) -> ValueT:
        if read not in context.memory:
            context.memory[read] = read(context)
        value: ValueT = context.memory[read]
        return value

    return again
