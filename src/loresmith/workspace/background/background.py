"""The jobs of one project, as the studio, the API and Python start, watch and stop them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loresmith.errors import Conflict, NotFound
from loresmith.recipe import Recipe
from loresmith.workspace.background.job import BackgroundJob, job_seen
from loresmith.workspace.background.job_log import LogPart, read_log
from loresmith.workspace.background.launching import log_folder, start_worker
from loresmith.workspace.project import Project
from loresmith.workspace.scope import Scope
from loresmith.workspace.steps import STAGES

if TYPE_CHECKING:
    from loresmith.jobs.queue import Queue
    from loresmith.workspace.workspace import Workspace

LATEST = 200
"""So many jobs are listed, the newest."""


class Background:
    """Work that goes on whatever becomes of its caller; one job of a project after another."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def submit(
        self,
        verb: str,
        *,
        scope: Scope | None = None,
        recipe: Recipe | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> str:
        """Queues a verb and sees to it that a worker does it; returns the job's id.

        The job works by `recipe` (the project's own, as it is now, by default), whatever is
        changed later; `details` are what an `export` is about. Raises NotFound for an unknown
        verb, JobError when no process can be started.
        """
        if verb not in STAGES and not details:
            raise NotFound(f"there is no verb {verb!r}", hint=f"Known: {', '.join(STAGES)}.")
        payload = {
            "recipe": (recipe or self._workspace.recipe).model_dump(mode="json"),
            "scope": scope.model_dump(mode="json") if scope is not None else None,
            **(details or {}),
        }
        with self._queue() as queue:
            job_id = queue.submit(verb, payload, background=True)
            self._see_to_it(queue)
        return job_id

    def jobs(self, *, latest: int = LATEST) -> list[BackgroundJob]:
        """The newest jobs of the project, those of the command line too, oldest first."""
        today = self._today()
        with self._queue() as queue:
            found = queue.jobs(latest=latest)
            attempts = queue.attempts_of([job.id for job in found])
        return [job_seen(job, attempts.get(job.id, []), today) for job in found]

    def job(self, job_id: str) -> BackgroundJob:
        """One job; raises NotFound."""
        with self._queue() as queue:
            return job_seen(queue.job(job_id), queue.attempts(job_id), self._today())

    def cancel(self, job_id: str) -> BackgroundJob:
        """Stops a job as soon as what it has is saved; one that waits, at once.

        A job that has ended stays as it is. Raises NotFound.
        """
        with self._queue() as queue:
            queue.cancel(job_id)
            queue.release_dead()  # whose worker is gone cannot stop it any more
        return self.job(job_id)

    def retry(self, job_id: str, *, with_settings_of_today: bool = False) -> BackgroundJob:
        """Lets a job that failed or was cancelled go on from where it stopped, in the background.

        One that is done but left work undone stays as it is: a new job like it does the rest, and
        is returned. It works by its own settings, or by the project's as they are now. Raises
        NotFound, and Conflict for a job that has left nothing undone, or that is no work on the
        project's records.
        """
        with self._queue() as queue:
            job = queue.job(job_id)
            if job.kind not in STAGES:
                raise Conflict(f"{job.kind!r} cannot be begun again", hint="Do it anew.")
            payload: dict[str, Any] = dict(job.payload)
            if with_settings_of_today:
                payload["recipe"] = self._today()
            if job.state == "done" and job.progress.get("failure_count"):
                job_id = queue.submit(job.kind, payload, background=True)
            else:
                queue.retry(job_id, payload=payload)
            self._see_to_it(queue)
        return self.job(job_id)

    def log(self, job_id: str, offset: int | None = None) -> LogPart:
        """What a job has written since `offset`, in whole lines; the last 64 KiB without one.

        Raises NotFound. A job of the command line writes to its terminal and has no log.
        """
        with self._queue() as queue:
            job = queue.job(job_id)
        return read_log(log_path(self._workspace.project, job.id), offset)

    def recover(self) -> bool:
        """Starts a worker where jobs wait and nobody is at work; returns whether it did.

        Jobs of workers that died are taken up again. Cheap: meant to be called every few seconds.
        """
        if not self._workspace.project.state.exists():
            return False
        with self._queue() as queue:
            if queue.release_dead() is not None or not queue.waits(background=True):
                return False
        return start_worker(self._workspace.project, unless_starting=True)

    def is_busy(self) -> bool:
        """Whether a job of the project is at work or waits."""
        with self._queue() as queue:
            queue.release_dead()
            return queue.is_busy()

    def _see_to_it(self, queue: Queue) -> None:
        """A worker at work looks for the next job when it is done; without one, here is one."""
        if queue.release_dead() is None:
            start_worker(self._workspace.project)

    def _today(self) -> dict[str, Any]:
        return self._workspace.recipe.model_dump(mode="json")

    @contextmanager
    def _queue(self) -> Iterator[Queue]:
        from loresmith.jobs.queue import Queue

        with self._workspace.opened() as context:
            yield Queue(context.engine, project_id=context.project_id)


def log_path(project: Project, job_id: str) -> Path:
    """Where the log of a job is; `job_id` is an id that the queue gave out."""
    return log_folder(project) / f"{job_id}.log"
