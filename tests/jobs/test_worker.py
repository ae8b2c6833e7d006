"""A job's body under its claim: how it ends is written, whatever happens to it."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

import pytest

from loresmith.errors import DocumentError, JobCancelled, LeaseLost, StoreBusy, StoreError
from loresmith.jobs.job import Claim
from loresmith.jobs.queue import Queue
from loresmith.jobs.worker import Attempt, carry_out

Payload = Mapping[str, Any]


def claimed(queue: Queue) -> Claim:
    queue.submit("run", {"folder": "报告"})
    claim = queue.claim("worker")
    assert claim is not None
    return claim


def wait_for(happened: Any) -> None:
    deadline = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


def stolen(thief: Queue) -> Claim:
    """What the thief takes once the lease has lapsed, which the database's clock decides."""
    taken: list[Claim] = []

    def takes() -> bool:
        taken.extend(filter(None, [thief.claim("thief")]))
        return bool(taken)

    wait_for(takes)
    return taken[0]


def work_until_stopped(_payload: Payload, attempt: Attempt) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        attempt.check()
        time.sleep(0.01)


def test_a_body_gets_the_payload_and_its_last_progress_is_kept(queue: Queue) -> None:
    seen = []

    def body(payload: Payload, attempt: Attempt) -> None:
        seen.append(payload)
        attempt.report(done=7, total=7, note="完成")
        attempt.check()

    carry_out(queue, claimed(queue), body)
    job = queue.jobs()[0]
    assert seen == [{"folder": "报告"}]
    assert (job.state, job.progress) == ("done", {"done": 7, "total": 7, "note": "完成"})
    assert [a.outcome for a in queue.attempts(job.id)] == ["done"]


def test_progress_can_be_read_while_the_body_works(queue: Queue) -> None:
    def body(_payload: Payload, attempt: Attempt) -> None:
        attempt.report(done=1)
        wait_for(lambda: queue.jobs()[0].progress == {"done": 1})

    carry_out(queue, claimed(queue), body, renew_seconds=0.02)


def test_progress_that_is_no_json_fails_where_it_is_reported(queue: Queue) -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        carry_out(queue, claimed(queue), lambda _, attempt: attempt.report(loss=object()))


@pytest.mark.parametrize(
    "error", [DocumentError("年报.pdf is empty"), ValueError("年报.pdf is empty")]
)
def test_a_body_that_fails_is_written_as_failed(queue: Queue, error: Exception) -> None:
    def body(_payload: Payload, attempt: Attempt) -> None:
        attempt.report(done=2)
        raise error

    with pytest.raises(type(error)) as caught:
        carry_out(queue, claimed(queue), body)
    assert caught.value is error
    job = queue.jobs()[0]
    assert job.state == "failed"
    assert job.error == f"{type(error).__name__}: 年报.pdf is empty"
    assert job.progress == {"done": 2}


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_an_interrupted_body_is_written_as_cancelled(
    queue: Queue, interruption: type[BaseException]
) -> None:
    def body(_payload: Payload, _attempt: Attempt) -> None:
        raise interruption

    with pytest.raises(interruption):
        carry_out(queue, claimed(queue), body)
    job = queue.jobs()[0]
    assert (job.state, job.error) == ("cancelled", "interrupted")


def test_a_cancelled_body_stops_at_its_next_check(queue: Queue) -> None:
    claim = claimed(queue)
    threading.Timer(0.1, queue.cancel, [claim.job_id]).start()
    with pytest.raises(JobCancelled):
        carry_out(queue, claim, work_until_stopped, renew_seconds=0.02)
    job = queue.job(claim.job_id)
    assert (job.state, job.error) == ("cancelled", "the job was cancelled")


def test_a_job_that_was_cancelled_before_it_began_is_not_begun(queue: Queue) -> None:
    claim = claimed(queue)
    queue.cancel(claim.job_id)
    with pytest.raises(JobCancelled):
        carry_out(queue, claim, lambda *_: pytest.fail("the body ran"))
    assert queue.job(claim.job_id).state == "cancelled"


def test_a_cancelled_job_of_a_dead_worker_ends_with_the_next_one(new_queue) -> None:
    queue = new_queue(lease_seconds=0.05)
    lost = claimed(queue)
    queue.cancel(lost.job_id)
    time.sleep(0.1)
    with pytest.raises(JobCancelled):
        carry_out(queue, queue.claim("next"), lambda *_: pytest.fail("the body ran"))
    assert [a.outcome for a in queue.attempts(lost.job_id)] == ["lost", "cancelled"]


def test_the_lease_is_kept_through_a_body_that_outlasts_it(new_queue) -> None:
    queue = new_queue(lease_seconds=0.6)

    def body(_payload: Payload, attempt: Attempt) -> None:
        for _ in range(15):
            time.sleep(0.1)
            assert queue.claim("thief") is None
        attempt.check()

    carry_out(queue, claimed(queue), body, renew_seconds=0.05)
    assert queue.jobs()[0].state == "done"


def test_the_lease_is_kept_while_a_cancelled_body_saves_its_work(new_queue) -> None:
    queue = new_queue(lease_seconds=0.6)
    claim = claimed(queue)

    def body(_payload: Payload, attempt: Attempt) -> None:
        queue.cancel(claim.job_id)
        try:
            work_until_stopped(_payload, attempt)
        finally:
            time.sleep(1.0)
            assert queue.claim("thief") is None

    with pytest.raises(JobCancelled):
        carry_out(queue, claim, body, renew_seconds=0.05)
    assert queue.job(claim.job_id).state == "cancelled"


def test_a_body_whose_job_was_taken_over_stops_and_writes_nothing(new_queue) -> None:
    sleeper, thief = new_queue(lease_seconds=0.0), new_queue()
    claim = claimed(sleeper)
    taken = []

    def body(payload: Payload, attempt: Attempt) -> None:
        taken.append(stolen(thief))
        work_until_stopped(payload, attempt)

    with pytest.raises(LeaseLost):
        carry_out(sleeper, claim, body, renew_seconds=0.02)
    assert taken[0].attempt == 2
    job = thief.job(claim.job_id)
    assert (job.state, job.worker) == ("running", "thief")


def test_a_body_that_finishes_after_it_was_taken_over_does_not_pass_as_done(new_queue) -> None:
    sleeper, thief = new_queue(lease_seconds=0.0), new_queue()
    with pytest.raises(LeaseLost):
        carry_out(sleeper, claimed(sleeper), lambda *_: stolen(thief) and None)
    assert thief.jobs()[0].state == "running"


class UnreachableNow(Queue):
    """A queue whose database can be taken away and given back."""

    reachable = True
    asked = 0
    refusal = StoreError("the server is gone")

    def renew(self, claim: Claim, *, progress: Mapping[str, Any] | None = None) -> None:
        self.asked += 1
        if not self.reachable:
            raise self.refusal
        super().renew(claim, progress=progress)


def test_a_short_outage_of_the_database_does_not_end_the_renewals(new_queue) -> None:
    queue = UnreachableNow(new_queue()._engine, project_id="project", lease_seconds=30)

    def body(_payload: Payload, attempt: Attempt) -> None:
        queue.reachable = False
        before = queue.asked
        wait_for(lambda: queue.asked > before + 3)
        attempt.check()
        queue.reachable = True
        attempt.report(done=9)
        wait_for(lambda: queue.jobs()[0].progress == {"done": 9})

    carry_out(queue, claimed(queue), body, renew_seconds=0.02)
    assert queue.jobs()[0].state == "done"


def test_an_outage_that_outlasts_the_lease_stops_the_body(new_queue) -> None:
    queue = UnreachableNow(new_queue()._engine, project_id="project", lease_seconds=0.2)

    def body(payload: Payload, attempt: Attempt) -> None:
        queue.reachable = False
        work_until_stopped(payload, attempt)

    with pytest.raises(LeaseLost, match="could not be renewed: the server is gone"):
        carry_out(queue, claimed(queue), body, renew_seconds=0.02)


def test_a_database_that_another_writer_holds_is_waited_for(new_queue) -> None:
    queue = UnreachableNow(new_queue()._engine, project_id="project", lease_seconds=0.2)
    queue.refusal = StoreBusy("the database is locked")

    def body(_payload: Payload, attempt: Attempt) -> None:
        lease_over = time.monotonic() + queue.lease_seconds + 0.1
        queue.reachable = False
        wait_for(lambda: time.monotonic() > lease_over)
        before = queue.asked
        wait_for(lambda: queue.asked > before + 1)
        attempt.check()
        queue.reachable = True

    carry_out(queue, claimed(queue), body, renew_seconds=0.02)
    assert queue.jobs()[0].state == "done"


def test_what_stopped_the_body_is_told_though_the_end_cannot_be_written(new_queue) -> None:
    class FullDisk(Queue):
        def finish(self, *_: Any, **__: Any) -> None:
            raise StoreError("the queue's disk is full")

    queue = FullDisk(new_queue()._engine, project_id="project")

    def body(_payload: Payload, _attempt: Attempt) -> None:
        raise DocumentError("the first cause")

    with pytest.raises(DocumentError, match="the first cause"):
        carry_out(queue, claimed(queue), body)
