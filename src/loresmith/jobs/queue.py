"""One table is the queue: a single UPDATE claims a job, and every later write is fenced.

A worker holds a job by a lease that it renews. When it dies, the lease lapses and the next claim
takes the job over under a higher attempt number; from then on whatever the old worker still tries
to write is refused (LeaseLost). The clock is the database's own.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Float,
    Row,
    Select,
    case,
    cast,
    exists,
    extract,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from loresmith.database import transaction
from loresmith.errors import Conflict, JobCancelled, LeaseLost, NotFound
from loresmith.jobs.job import Claim, Job, JobEnd, PastAttempt, job_of
from loresmith.jobs.tables import attempts, jobs
from loresmith.jobs.worker_name import is_alive

_MOST_LOST = 9
"""So many attempts in a row that a worker did not survive, and the next is the last."""
_SOON_SECONDS = 300.0
"""An attempt that lasted longer than this was not ended by what it began with."""


class Queue:
    """The jobs of one project. Safe to use from several threads and processes.

    A worker that has not renewed its lease for `lease_seconds` is given up. Every method raises
    StoreError when the database cannot be read or written.
    """

    def __init__(self, engine: Engine, *, project_id: str, lease_seconds: float = 60.0) -> None:
        self._engine = engine
        self._project_id = project_id
        self.lease_seconds = lease_seconds

    def submit(self, kind: str, payload: Mapping[str, Any], *, background: bool = False) -> str:
        """Adds a job and returns its id. `payload` holds JSON values only.

        A `background` job outlives whoever submitted it: when its worker dies, it waits for the
        next one. Any other job belongs to the process that submitted it, and ends with that.
        """
        job_id = uuid.uuid4().hex
        with transaction(self._engine) as connection:
            connection.execute(
                insert(jobs).values(
                    id=job_id,
                    project_id=self._project_id,
                    kind=kind,
                    background=background,
                    payload=json.dumps(payload),
                    state="queued",
                    attempt=0,
                    worker="",
                    lease_until=0.0,
                    cancel_requested=False,
                    progress="{}",
                    error="",
                    created_at=self._now(),
                )
            )
        return job_id

    def claim(
        self,
        worker: str,
        *,
        job_id: str | None = None,
        alone: bool = False,
        background: bool = False,
    ) -> Claim | None:
        """Takes the oldest job that waits or whose lease has lapsed; None if there is none.

        With `job_id`, that job or none; with `alone`, none while another job of the project runs;
        with `background`, only a job that was submitted as such.
        """
        free = [
            jobs.c.project_id == self._project_id,
            or_(jobs.c.state == "queued", (jobs.c.state == "running") & self._lapsed()),
        ]
        if job_id is not None:
            free.append(jobs.c.id == job_id)
        if background:
            free.append(jobs.c.background)
        if alone:
            others = jobs.alias()
            at_work = (others.c.project_id == self._project_id) & (others.c.state == "running")
            free.append(~exists().where(at_work, others.c.id != jobs.c.id))
        oldest = select(jobs.c.id).where(*free).order_by(jobs.c.sequence).limit(1)
        if self._engine.dialect.name == "postgresql":
            oldest = oldest.with_for_update(skip_locked=True)
        take = (
            update(jobs)
            .where(jobs.c.id == oldest.scalar_subquery(), *free)
            .values(
                state="running",
                worker=worker,
                attempt=jobs.c.attempt + 1,
                lease_until=self._now() + self.lease_seconds,
            )
            .returning(jobs.c.id, jobs.c.attempt, jobs.c.payload)
        )
        with transaction(self._engine) as connection:
            if alone and self._engine.dialect.name == "postgresql":
                # SQLite writes one after the other; here two claims could miss one another.
                lock = func.pg_advisory_xact_lock(func.hashtext(self._project_id))
                connection.execute(select(lock))
            row = connection.execute(take).one_or_none()
            if row is None:
                return None
            self._begin_attempt(connection, row, worker)
        return Claim(row.id, row.attempt, json.loads(row.payload))

    def renew(self, claim: Claim, *, progress: Mapping[str, Any] | None = None) -> None:
        """Extends the lease; raises LeaseLost, or JobCancelled when somebody asked for that.

        The lease of a cancelled job is extended too: its worker needs time to stop.
        """
        values: dict[str, Any] = {"lease_until": self._now() + self.lease_seconds}
        if progress is not None:
            values["progress"] = json.dumps(progress)
        with transaction(self._engine) as connection:
            cancel_requested = self._write(connection, claim, values)
        if cancel_requested:
            raise JobCancelled("the job was cancelled", hint="Run the same command to go on.")

    def finish(
        self,
        claim: Claim,
        *,
        state: JobEnd,
        error: str = "",
        progress: Mapping[str, Any] | None = None,
    ) -> None:
        """Writes the end of this attempt and of its job; raises LeaseLost."""
        error = _writable(error)
        values: dict[str, Any] = {"state": state, "error": error, "finished_at": self._now()}
        if progress is not None:
            values["progress"] = json.dumps(progress)
        with transaction(self._engine) as connection:
            self._write(connection, claim, values)
            connection.execute(
                update(attempts)
                .where(attempts.c.job_id == claim.job_id, attempts.c.number == claim.attempt)
                .values(outcome=state, error=error, finished_at=self._now())
            )

    def cancel(self, job_id: str) -> None:
        """Asks the worker to stop at the next item; a job that waits is cancelled at once.

        A job that has ended stays as it is. Raises NotFound.
        """
        self.job(job_id)
        waits = jobs.c.state == "queued"
        with transaction(self._engine) as connection:
            connection.execute(
                update(jobs)
                .where(jobs.c.id == job_id, jobs.c.state.in_(("queued", "running")))
                .values(
                    cancel_requested=True,
                    state=case((waits, "cancelled"), else_=jobs.c.state),
                    finished_at=case((waits, self._now()), else_=None),
                )
            )

    def retry(self, job_id: str, *, payload: Mapping[str, Any] | None = None) -> None:
        """Lets a job that failed or was cancelled wait for another attempt; raises NotFound.

        From now on it is a background job: whoever had submitted it may be gone. `payload` takes
        the place of its own. Raises Conflict for a job that waits, is at work or is done.
        """
        state = self.job(job_id).state
        values: dict[str, Any] = {
            "state": "queued",
            "background": True,
            "cancel_requested": False,
            "error": "",
            "finished_at": None,
        }
        if payload is not None:
            values["payload"] = json.dumps(payload)
        ended = jobs.c.state.in_(("failed", "cancelled"))
        with transaction(self._engine) as connection:
            again = update(jobs).where(jobs.c.id == job_id, ended).values(**values)
            if connection.execute(again).rowcount == 0:
                raise Conflict(
                    f"the job is {state}; only one that failed or was cancelled can be retried"
                )

    def job(self, job_id: str) -> Job:
        """The job as it stands; raises NotFound."""
        with transaction(self._engine) as connection:
            row = connection.execute(self._mine().where(jobs.c.id == job_id)).one_or_none()
        if row is None:
            raise NotFound(f"there is no job {job_id} in this project")
        return job_of(row)

    def jobs(self, *, latest: int | None = None) -> list[Job]:
        """The jobs of the project, oldest first; with `latest`, so many of the newest only."""
        query = self._mine()
        if latest is not None:
            query = query.order_by(None).order_by(jobs.c.sequence.desc()).limit(latest)
        with transaction(self._engine) as connection:
            found = [job_of(row) for row in connection.execute(query)]
        return found if latest is None else found[::-1]

    def is_busy(self) -> bool:
        """Whether a job waits or is at work."""
        query = self._mine().where(jobs.c.state.in_(("queued", "running")))
        with transaction(self._engine) as connection:
            return connection.execute(query.limit(1)).first() is not None

    def waits(self, *, background: bool) -> bool:
        """Whether a background job (or, with False, another one) waits for a worker."""
        query = self._mine().where(jobs.c.state == "queued", jobs.c.background == background)
        with transaction(self._engine) as connection:
            return connection.execute(query.limit(1)).first() is not None

    def attempts(self, job_id: str) -> list[PastAttempt]:
        """Who has tried a job and how it went, first attempt first."""
        return self.attempts_of([job_id]).get(job_id, [])

    def attempts_of(self, job_ids: Sequence[str]) -> dict[str, list[PastAttempt]]:
        """The attempts at each of these jobs, read at once; a job without any is left out."""
        columns = [attempts.c[field] for field in PastAttempt._fields]
        query = select(attempts.c.job_id, *columns).order_by(attempts.c.number)
        found: dict[str, list[PastAttempt]] = {}
        with transaction(self._engine) as connection:
            for job_id, *values in connection.execute(query.where(attempts.c.job_id.in_(job_ids))):
                found.setdefault(job_id, []).append(PastAttempt(*values))
        return found

    def take_over_dead(self) -> None:
        """Does what `release_dead` does; raises Conflict when a living worker is at work."""
        living = self.release_dead()
        if living is not None:
            raise Conflict(
                f"another process is at work on this project: {living}",
                hint="Wait for it, or stop it; what it finished is kept. A worker on another "
                f"machine is given up {self.lease_seconds:.0f} s after its last sign of life.",
            )

    def release_dead(self) -> str | None:
        """Ends the attempts of workers that are gone: dead here, or elsewhere with a lapsed lease.

        A background job then waits for its next attempt, unless it was cancelled or its workers
        die again and again; any other job is closed as failed, for the foreground command that
        comes next submits its own. Returns the name of a worker that lives and is at work.
        """
        running = self._mine().add_columns(self._lapsed().label("lapsed"))
        with transaction(self._engine) as connection:
            rows = connection.execute(running.where(jobs.c.state == "running")).all()
        living: str | None = None
        for row in rows:
            alive = is_alive(row.worker)
            if alive or (alive is None and not row.lapsed):
                living = row.worker
                continue
            with suppress(LeaseLost):  # somebody else has closed it or taken it over meanwhile
                self._release(row)
        return living

    def _release(self, row: Row[Any]) -> None:
        claim = Claim(row.id, row.attempt, {})
        if row.background and row.cancel_requested:
            self.finish(claim, state="cancelled", error="cancelled; its worker was gone already")
        elif row.background and not self._dies_again_and_again(row.id):
            self._put_back(claim)
        else:
            self.finish(
                claim,
                state="failed",
                error="the process ended without a word (killed, or the machine went down)",
            )

    def _put_back(self, claim: Claim) -> None:
        """Lets a job wait for its next attempt; this one is lost."""
        with transaction(self._engine) as connection:
            self._write(connection, claim, {"state": "queued", "worker": ""})
            connection.execute(
                update(attempts)
                .where(attempts.c.job_id == claim.job_id, attempts.c.number == claim.attempt)
                .values(outcome="lost", finished_at=self._now())
            )

    def _dies_again_and_again(self, job_id: str) -> bool:
        """Whether the attempts before the one at hand were lost too, each soon after it began."""
        before = self.attempts(job_id)[:-1][-_MOST_LOST:]
        return len(before) == _MOST_LOST and all(
            attempt.outcome == "lost"
            and (attempt.finished_at or 0.0) - attempt.started_at < _SOON_SECONDS
            for attempt in before
        )

    def _begin_attempt(self, connection: Connection, row: Row[Any], worker: str) -> None:
        connection.execute(
            update(attempts)
            .where(attempts.c.job_id == row.id, attempts.c.outcome == "running")
            .values(outcome="lost", finished_at=self._now())
        )
        connection.execute(
            insert(attempts).values(
                job_id=row.id,
                number=row.attempt,
                worker=worker,
                started_at=self._now(),
                outcome="running",
                error="",
            )
        )

    def _write(self, connection: Connection, claim: Claim, values: Mapping[str, Any]) -> bool:
        """Writes under `claim`, if it still holds; returns whether a cancel was asked for."""
        write = (
            update(jobs)
            .where(
                jobs.c.id == claim.job_id,
                jobs.c.attempt == claim.attempt,
                jobs.c.state == "running",
            )
            .values(**values)
            .returning(jobs.c.cancel_requested)
        )
        row = connection.execute(write).one_or_none()
        if row is None:
            raise LeaseLost(
                f"attempt {claim.attempt} no longer holds job {claim.job_id}: "
                "it was taken over or closed",
                hint="What this attempt finished is kept; the other one goes on.",
            )
        return bool(row.cancel_requested)

    def _mine(self) -> Select[Any]:
        return select(jobs).where(jobs.c.project_id == self._project_id).order_by(jobs.c.sequence)

    def _lapsed(self) -> ColumnElement[bool]:
        return jobs.c.lease_until < self._now()

    def _now(self) -> ColumnElement[float]:
        """Seconds since 1970 by the database's clock."""
        if self._engine.dialect.name == "postgresql":
            return cast(extract("epoch", func.clock_timestamp()), Float)
        return literal_column("((julianday('now') - 2440587.5) * 86400.0)", Float)


def projects_with_open_jobs(engine: Engine) -> set[str]:
    """The projects of a shared database that have a job which waits or is at work."""
    query = select(jobs.c.project_id).distinct().where(jobs.c.state.in_(("queued", "running")))
    with transaction(engine) as connection:
        return set(connection.scalars(query))


def _writable(text: str) -> str:
    """An error's text may quote broken input; neither database takes these characters."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")
