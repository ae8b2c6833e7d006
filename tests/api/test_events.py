"""Progress as server-sent events: what a browser is told, and what it is told again."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

import pytest
from sse_starlette import ServerSentEvent
from starlette.testclient import TestClient

import loresmith.api.events as events
from loresmith.api.events import Feed, Feeds, events_of_one, job_events
from loresmith.errors import NotFound, StoreError
from loresmith.jobs.queue import Queue
from loresmith.records import Record
from loresmith.workspace.home import Home
from loresmith.workspace.projects import KnownProject

pytestmark = pytest.mark.usefixtures("_quick_polls")


class FakeJob(Record):
    """As much of a job as its events need."""

    id: str
    done: int = 0
    is_over: bool = False


class Jobs:
    """A project's jobs, as a test has them stand; counts how often they are read."""

    def __init__(self, *jobs: FakeJob) -> None:
        self.now = {job.id: job for job in jobs}
        self.reads = 0
        self.error: Exception | None = None
        self.threads: set[str] = set()

    def __call__(self) -> Sequence[FakeJob]:
        self.reads += 1
        self.threads.add(threading.current_thread().name)
        if self.error:
            raise self.error
        return list(self.now.values())

    def set(self, job_id: str, done: int, *, is_over: bool = False) -> None:
        self.now[job_id] = FakeJob(id=job_id, done=done, is_over=is_over)


@pytest.fixture
def _quick_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "POLL_SECONDS", 0.01)


async def take(stream: AsyncIterator[ServerSentEvent], count: int) -> list[tuple[str, int]]:
    """The next events: which job, and how far."""
    taken = []
    while len(taken) < count:
        job = json.loads((await asyncio.wait_for(anext(stream), 30)).data)
        taken.append((job["id"], job["done"]))
    return taken


def test_a_new_listener_is_told_of_every_job_and_then_of_what_changes() -> None:
    async def listen() -> None:
        jobs = Jobs(FakeJob(id="a", done=5), FakeJob(id="b"))
        async with aclosing(job_events(Feed(jobs), None)) as stream:
            assert await take(stream, 2) == [("a", 5), ("b", 0)]
            jobs.set("b", 1)
            assert await take(stream, 1) == [("b", 1)]
            jobs.set("c", 0)
            assert await take(stream, 1) == [("c", 0)]

    asyncio.run(listen())


def test_who_comes_back_is_told_what_changed_meanwhile_even_by_another_server() -> None:
    async def listen() -> None:
        jobs = Jobs(FakeJob(id="a"))
        async with aclosing(job_events(Feed(jobs), None)) as stream:
            last = (await anext(stream)).id
        async with aclosing(job_events(Feed(jobs), last)) as stream:
            jobs.set("a", 1)
            assert await take(stream, 1) == [("a", 1)]

    asyncio.run(listen())


def test_who_comes_back_to_the_same_state_is_told_nothing_of_it() -> None:
    async def listen() -> None:
        jobs = Jobs(FakeJob(id="a"))
        async with aclosing(job_events(Feed(jobs), None)) as stream:
            last = (await anext(stream)).id
        async with aclosing(job_events(Feed(jobs), last)) as stream:
            waiting = asyncio.ensure_future(anext(stream))
            while jobs.reads < 5:
                await asyncio.sleep(0)
            assert not waiting.done()
            jobs.set("b", 0)
            assert json.loads((await asyncio.wait_for(waiting, 30)).data)["id"] == "b"

    asyncio.run(listen())


def test_a_connection_lost_between_two_events_of_one_moment_misses_neither() -> None:
    async def listen() -> None:
        feed = Feed(Jobs(FakeJob(id="a"), FakeJob(id="b")))
        async with aclosing(job_events(feed, None)) as stream:
            first, second = await anext(stream), await anext(stream)

        assert first.id is None
        assert second.id

    asyncio.run(listen())


def test_twenty_browsers_share_one_poll_which_ends_with_the_last() -> None:
    async def listen() -> None:
        jobs, feeds = Jobs(FakeJob(id="a")), Feeds()
        streams = [job_events(feeds.of("project", jobs), None) for _ in range(20)]
        for stream in streams:
            assert await take(stream, 1) == [("a", 0)]
        before = jobs.reads
        jobs.set("a", 1)
        for stream in streams:
            assert await take(stream, 1) == [("a", 1)]
        assert jobs.reads - before < 20

        for stream in streams:
            await stream.aclose()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        await asyncio.wait_for(asyncio.gather(*others, return_exceptions=True), 30)

    asyncio.run(listen())


def test_the_server_goes_on_answering_while_jobs_are_read() -> None:
    async def listen() -> None:
        jobs = Jobs(FakeJob(id="a"))
        async with aclosing(job_events(Feed(jobs), None)) as stream:
            await take(stream, 1)
        assert threading.current_thread().name not in jobs.threads

    asyncio.run(listen())


def test_a_database_that_is_busy_for_a_moment_ends_nothing() -> None:
    async def listen() -> None:
        jobs = Jobs(FakeJob(id="a"))
        async with aclosing(job_events(Feed(jobs), None)) as stream:
            await take(stream, 1)
            jobs.error, before = StoreError("the database is locked"), jobs.reads
            while jobs.reads < before + 3:
                await asyncio.sleep(0)
            jobs.error = None
            jobs.set("a", 2)
            assert await take(stream, 1) == [("a", 2)]

    asyncio.run(listen())


def test_a_deleted_project_ends_its_stream() -> None:
    async def listen() -> None:
        jobs = Jobs(FakeJob(id="a"))
        stream = job_events(Feed(jobs), None)
        await take(stream, 1)
        jobs.error = NotFound("there is no such project")
        with pytest.raises(StopAsyncIteration):
            await asyncio.wait_for(anext(stream), 30)

    asyncio.run(listen())


def test_the_stream_of_one_job_tells_nothing_of_others_and_ends_with_it() -> None:
    async def listen() -> None:
        jobs = Jobs(FakeJob(id="a"), FakeJob(id="b"))
        stream = events_of_one(Feed(jobs), None, "b")
        assert await take(stream, 1) == [("b", 0)]
        jobs.set("a", 1)
        jobs.set("b", 9, is_over=True)
        assert await take(stream, 1) == [("b", 9)]
        with pytest.raises(StopAsyncIteration):
            await asyncio.wait_for(anext(stream), 30)

    asyncio.run(listen())


def test_a_browser_that_has_seen_the_end_of_a_job_is_told_not_to_come_back(
    api: TestClient, home: Home, project: KnownProject
) -> None:
    with home.workspace(project.id).opened() as context:
        queue = Queue(context.engine, project_id=context.project_id)
        job_id = queue.submit("parse", {"recipe": {}})
        queue.cancel(job_id)
    address = f"/api/v1/projects/{project.id}/jobs/{job_id}/events"

    told = api.get(address)
    assert told.headers["content-type"].startswith("text/event-stream")
    event = dict(line.split(": ", 1) for line in told.text.splitlines() if ": " in line)
    assert event["event"] == "job"
    assert json.loads(event["data"])["id"] == job_id
    assert api.get(address, headers={"Last-Event-ID": event["id"]}).status_code == 204


def test_the_events_of_an_unknown_project_are_not_found(api: TestClient) -> None:
    assert api.get("/api/v1/projects/unknown/events").status_code == 404


def test_a_jobs_own_route_knows_only_jobs_of_its_project(
    api: TestClient, project: KnownProject
) -> None:
    assert api.get(f"/api/v1/projects/{project.id}/jobs/other/events").status_code == 404
