"""Takes a project away for good, while nobody is at work on it."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from loresmith.database import metadata, sqlite_url, transaction
from loresmith.errors import Conflict, StoreError
from loresmith.recipe import Recipe
from loresmith.settings import load_settings
from loresmith.workspace.engines import engine_of, forget_engine
from loresmith.workspace.project import Project
from loresmith.workspace.workspace import Workspace

if TYPE_CHECKING:
    from loresmith.workspace.projects.registry import KnownProject


@contextmanager
def idle(known: KnownProject) -> Iterator[None]:
    """Holds the project, so that no worker begins meanwhile; what waits is cancelled.

    Raises Conflict while a job is at work.
    """
    from loresmith.jobs.queue import Queue
    from loresmith.jobs.worker_name import worker_name

    if not (Path(known.folder) / ".loresmith").is_dir():
        yield
        return
    with Workspace(known.folder, recipe=Recipe()).opened() as context:
        queue = Queue(context.engine, project_id=context.project_id)
        if queue.release_dead() is not None:
            raise _at_work()
        held = queue.submit("delete", {})
        if queue.claim(worker_name(), job_id=held, alone=True) is None:
            queue.cancel(held)
            raise _at_work()
        for job in queue.jobs():
            if job.state == "queued":
                queue.cancel(job.id)
    try:
        yield
    finally:
        _let_go(known, held)


def delete_files(known: KnownProject) -> None:
    """Removes the project's folder, and its records where they are kept elsewhere."""
    folder = Path(known.folder)
    settings = load_settings()
    if settings.database_url is not None:
        _delete_records(settings.database_url, known.id)
    elif folder.is_dir():
        forget_engine(sqlite_url(Project.at(folder).database))
    remove_folder(folder)


def remove_folder(folder: Path) -> None:
    """Deletes a folder with all that is in it; half of one is never seen under its name."""
    if not folder.exists():
        return
    doomed = folder.with_name(f".deleted-{uuid.uuid4().hex}")
    try:
        folder.rename(doomed)
    except OSError as error:
        raise StoreError(
            f"the project's folder cannot be deleted: {error.strerror}",
            hint="The project is off the list; delete the folder by hand.",
        ) from error
    shutil.rmtree(doomed, ignore_errors=True)


def _delete_records(url: str, project_id: str) -> None:
    from loresmith.jobs.tables import attempts, jobs
    from loresmith.store import row_index, tables  # noqa: F401 - they declare what is deleted from
    from loresmith.workspace import document_titles  # noqa: F401

    with transaction(engine_of(url)) as connection:
        mine = select(jobs.c.id).where(jobs.c.project_id == project_id)
        connection.execute(delete(attempts).where(attempts.c.job_id.in_(mine)))
        for table in metadata.sorted_tables:
            if "project_id" in table.c:
                connection.execute(delete(table).where(table.c.project_id == project_id))


def _let_go(known: KnownProject, held: str) -> None:
    """Closes the job that held the project, where the project is still there."""
    from loresmith.jobs.job import Claim
    from loresmith.jobs.queue import Queue

    if not (Path(known.folder) / ".loresmith").is_dir():
        return
    with Workspace(known.folder, recipe=Recipe()).opened() as context:
        queue = Queue(context.engine, project_id=context.project_id)
        if any(job.id == held for job in queue.jobs()):
            queue.finish(Claim(held, 1, {}), state="done")


def _at_work() -> Conflict:
    return Conflict(
        "a job is at work on this project", hint="Wait for it, or cancel it on the page Jobs."
    )
