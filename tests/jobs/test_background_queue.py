"""A background job belongs to nobody's process: it waits for the next worker when one dies."""

from __future__ import annotations

import pytest

from loresmith.errors import Conflict, LeaseLost, NotFound
from loresmith.jobs.queue import Queue
from loresmith.jobs.worker_name import worker_name

DEAD = worker_name().rsplit("/", 1)[0] + "/1000000000"
"""A process of this machine that ended long ago."""


def test_a_dead_worker_s_background_job_waits_for_the_next(queue: Queue) -> None:
    job_id = queue.submit("run", {"a": 1}, background=True)
    old = queue.claim(DEAD)
    assert old is not None
    assert queue.release_dead() is None
    assert queue.job(job_id).state == "queued"
    assert queue.waits(background=True)
    with pytest.raises(LeaseLost):
        queue.renew(old)
    new = queue.claim(worker_name(), background=True)
    assert new is not None
    assert (new.attempt, new.payload) == (2, {"a": 1})
    assert [attempt.outcome for attempt in queue.attempts(job_id)] == ["lost", "running"]
    with pytest.raises(LeaseLost):
        queue.finish(old, state="done")
    queue.finish(new, state="done")
    assert queue.job(job_id).state == "done"


def test_a_foreground_command_puts_it_back_and_closes_only_its_own_kind(queue: Queue) -> None:
    mine, theirs = queue.submit("run", {}), queue.submit("run", {}, background=True)
    queue.claim(DEAD, job_id=mine)
    queue.claim(DEAD, job_id=theirs)
    queue.take_over_dead()
    assert (queue.job(mine).state, queue.job(theirs).state) == ("failed", "queued")


def test_a_worker_takes_no_job_of_the_foreground(queue: Queue) -> None:
    queue.submit("run", {})
    assert queue.claim(worker_name(), background=True) is None
    assert not queue.waits(background=True)
    assert queue.is_busy()


def test_a_living_worker_is_named_and_left_alone(queue: Queue) -> None:
    job_id = queue.submit("run", {}, background=True)
    queue.claim(worker_name())
    assert queue.release_dead() == worker_name()
    assert queue.job(job_id).state == "running"


def test_a_cancelled_job_whose_worker_died_is_over(queue: Queue) -> None:
    job_id = queue.submit("run", {}, background=True)
    queue.claim(DEAD)
    queue.cancel(job_id)
    queue.release_dead()
    assert queue.job(job_id).state == "cancelled"


def test_a_job_that_kills_every_worker_is_given_up(queue: Queue) -> None:
    job_id = queue.submit("run", {}, background=True)
    for _ in range(20):
        if queue.claim(DEAD) is None:
            break
        queue.release_dead()
    job = queue.job(job_id)
    assert (job.state, job.attempt) == ("failed", 10)
    assert "killed" in job.error
    queue.retry(job_id)
    assert queue.job(job_id).state == "queued", "somebody who insists may try again"


def test_a_retry_is_a_further_attempt_at_the_same_job(queue: Queue) -> None:
    job_id = queue.submit("run", {"a": 1}, background=True)
    first = queue.claim(worker_name())
    assert first is not None
    queue.finish(first, state="failed", error="no disk")
    queue.retry(job_id, payload={"a": 2})
    job = queue.job(job_id)
    assert (job.state, job.error, job.finished_at) == ("queued", "", None)
    second = queue.claim(worker_name())
    assert second is not None
    assert (second.attempt, second.payload) == (2, {"a": 2})


@pytest.mark.parametrize("state", ["queued", "running", "done"])
def test_what_has_not_failed_is_not_retried(queue: Queue, state: str) -> None:
    job_id = queue.submit("run", {}, background=True)
    claim = queue.claim(worker_name()) if state != "queued" else None
    if claim is not None and state == "done":
        queue.finish(claim, state="done")
    with pytest.raises(Conflict, match=f"the job is {state}"):
        queue.retry(job_id)
    with pytest.raises(NotFound):
        queue.retry("nothing")


def test_the_newest_jobs_come_in_their_order(queue: Queue) -> None:
    ids = [queue.submit("run", {}) for _ in range(5)]
    assert [job.id for job in queue.jobs(latest=3)] == ids[-3:]
    assert [job.id for job in queue.jobs()] == ids
