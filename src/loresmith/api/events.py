"""Progress as server-sent events: every open browser sees a project's jobs, from one shared poll.

Each event `job` holds one job as JSON, the same as the list of jobs has it. The id of an event
names the state of all jobs, so a browser that comes back (`Last-Event-ID`), to this server or to
one started since, is told what it missed and nothing else.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakValueDictionary

from anyio import Event
from fastapi import Request, Response
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from loresmith.component import content_id
from loresmith.errors import LoresmithError, NotFound
from loresmith.workspace.workspace import Workspace

if TYPE_CHECKING:
    from loresmith.workspace.background import BackgroundJob

POLL_SECONDS = 0.5
HEARTBEAT_SECONDS = 15
RECENT = 20
"""How many jobs a new listener is told of, the latest."""

_log = logging.getLogger(__name__)
ReadJobs = Callable[[], "Sequence[BackgroundJob]"]


class Snapshot(NamedTuple):
    """All jobs of a project at one moment."""

    version: str
    jobs: Mapping[str, str]
    """Each job's JSON by its id, oldest first."""
    over: frozenset[str]
    """The jobs that have ended."""


class Feed:
    """One poll of a project's jobs for everybody who listens to it."""

    def __init__(self, read: ReadJobs) -> None:
        self._read = read
        self._snapshot: Snapshot | None = None
        self._gone = False
        self._changed = asyncio.Condition()
        self._listeners = 0
        self._poll: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        return self._listeners == 0

    async def snapshots(self, ending: Event | None = None) -> AsyncGenerator[Snapshot, None]:
        """The jobs now, and again at each change; ends when the project is deleted.

        `ending` is set when the server is about to end, which is noticed at the next poll.
        """
        self._listeners += 1
        if self._poll is None:
            self._poll = asyncio.create_task(self._keep_polling())
        seen: Snapshot | None = None
        try:
            while not self._is_over(ending):
                async with self._changed:
                    while not self._is_over(ending) and self._snapshot == seen:
                        await self._changed.wait()
                if self._snapshot is not None and self._snapshot != seen:
                    seen = self._snapshot
                    yield seen
        finally:
            self._listeners -= 1
            if self.is_idle and self._poll is not None:
                self._poll.cancel()
                self._poll = None

    def _is_over(self, ending: Event | None) -> bool:
        return self._gone or (ending is not None and ending.is_set())

    async def _keep_polling(self) -> None:
        while not self._gone:
            snapshot = self._snapshot
            try:
                snapshot = await run_in_threadpool(self._look)
            except NotFound:
                self._gone = True
            except LoresmithError as error:  # a busy database, say: the next look may succeed
                _log.warning("the jobs cannot be read: %s", error.message)
            async with self._changed:
                self._snapshot = snapshot
                self._changed.notify_all()
            await asyncio.sleep(POLL_SECONDS)

    def _look(self) -> Snapshot:
        read = self._read()
        jobs = {job.id: job.model_dump_json() for job in read}
        return Snapshot(content_id(jobs), jobs, frozenset(job.id for job in read if job.is_over))


class Feeds:
    """The feeds that somebody listens to, by project."""

    def __init__(self) -> None:
        self._feeds: WeakValueDictionary[tuple[int, str], Feed] = WeakValueDictionary()

    def of(self, project_id: str, read: ReadJobs) -> Feed:
        """The feed of a project; `read` tells its jobs and is called in a thread."""
        key = (id(asyncio.get_running_loop()), project_id)
        feed = self._feeds.get(key) or Feed(read)
        self._feeds[key] = feed
        return feed


def stream_of_jobs(
    request: Request, workspace: Workspace, project_id: str, last_seen: str | None
) -> Response:
    """Events of all jobs of a project, for as long as somebody listens."""
    feed = request.app.state.feeds.of(project_id, lambda: _jobs_of(workspace))
    ending = Event()
    return _streamed(job_events(feed, last_seen, ending), ending)


async def stream_of_job(
    request: Request, workspace: Workspace, project_id: str, job_id: str, last_seen: str | None
) -> Response:
    """Events of one job until it has ended; 204 (do not come back) for who has seen its end.

    Raises NotFound.
    """
    from loresmith.workspace.background import Background

    job = await run_in_threadpool(Background(workspace).job, job_id)
    if job.is_over:
        body = job.model_dump_json()
        seen = last_seen == content_id(body)
        return Response(status_code=204) if seen else _streamed(_only(_event(body)))
    feed = request.app.state.feeds.of(project_id, lambda: _jobs_of(workspace))
    ending = Event()
    return _streamed(events_of_one(feed, last_seen, job_id, ending), ending)


def _jobs_of(workspace: Workspace) -> Sequence[BackgroundJob]:
    from loresmith.workspace.background import Background

    return Background(workspace).jobs()


def _streamed(events: AsyncIterator[ServerSentEvent], ending: Event | None = None) -> Response:
    return EventSourceResponse(
        events,
        ping=HEARTBEAT_SECONDS,
        headers={"Cache-Control": "no-store"},
        shutdown_event=ending,
        shutdown_grace_period=0 if ending is None else 4 * POLL_SECONDS,
    )


async def job_events(
    feed: Feed, last_seen: str | None, ending: Event | None = None
) -> AsyncIterator[ServerSentEvent]:
    """An event for each job that is new or changed since `last_seen`, the id of an event.

    Of the events of one moment only the last has the id: who loses the connection between two of
    them is told of both again.
    """
    known: Mapping[str, str] | None = None
    async with aclosing(feed.snapshots(ending)) as snapshots:
        async for snapshot in snapshots:
            missed = snapshot.version != last_seen or known is not None
            news = _news(snapshot.jobs, known) if missed else []
            for number, body in enumerate(news, start=1):
                version = snapshot.version if number == len(news) else None
                yield ServerSentEvent(body, event="job", id=version)
            known = snapshot.jobs


async def events_of_one(
    feed: Feed, last_seen: str | None, job_id: str, ending: Event | None = None
) -> AsyncIterator[ServerSentEvent]:
    """An event at each change of one job since `last_seen`; the last when it has ended."""
    async with aclosing(feed.snapshots(ending)) as snapshots:
        async for snapshot in snapshots:
            body = snapshot.jobs.get(job_id)
            version = content_id(body)
            if body is not None and version != last_seen:
                yield _event(body)
            last_seen = version
            if job_id in snapshot.over:
                return


async def _only(event: ServerSentEvent) -> AsyncIterator[ServerSentEvent]:
    yield event


def _event(body: str) -> ServerSentEvent:
    return ServerSentEvent(body, event="job", id=content_id(body))


def _news(jobs: Mapping[str, str], known: Mapping[str, str] | None) -> list[str]:
    if known is None:
        return list(jobs.values())[-RECENT:]
    return [body for one, body in jobs.items() if known.get(one) != body]
