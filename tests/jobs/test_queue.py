"""Who gets a job, who loses it, and what the tables tell afterwards."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import URL, make_url

from loresmith.errors import JobCancelled, LeaseLost, NotFound
from loresmith.jobs.job import Claim
from loresmith.jobs.queue import Queue


def claimed(queue: Queue, worker: str = "w/1/1") -> Claim:
    claim = queue.claim(worker)
    assert claim is not None
    return claim


def test_a_submitted_job_waits_with_its_payload(queue: Queue) -> None:
    payload = {"verb": "run", "文件夹": "报告", "broken name": "\udcff\x00", "n": [1, None, 0.5]}
    job_id = queue.submit("run", payload)
    job = queue.job(job_id)
    assert (job.kind, job.payload, job.state, job.attempt) == ("run", payload, "queued", 0)
    assert abs(job.created_at - time.time()) < 60


def test_a_claimed_job_is_carried_to_its_end(queue: Queue) -> None:
    job_id = queue.submit("run", {"a": 1})
    claim = claimed(queue)
    assert claim == Claim(job_id, 1, {"a": 1})
    queue.renew(claim, progress={"done": 3, "note": "三"})
    assert queue.job(job_id).progress == {"done": 3, "note": "三"}
    queue.finish(claim, state="done")
    job = queue.job(job_id)
    assert (job.state, job.worker, job.error) == ("done", "w/1/1", "")
    assert job.finished_at is not None and job.finished_at >= job.created_at
    assert queue.claim("another") is None


def test_jobs_are_claimed_in_the_order_of_their_submission(queue: Queue) -> None:
    submitted = [queue.submit("run", {}) for _ in range(20)]
    assert [job.id for job in queue.jobs()] == submitted
    assert [claimed(queue).job_id for _ in range(20)] == submitted


def test_a_named_job_is_claimed_or_none(queue: Queue) -> None:
    queue.submit("run", {})
    second = queue.submit("run", {})
    claim = queue.claim("w", job_id=second)
    assert claim is not None and claim.job_id == second
    assert queue.claim("v", job_id=second) is None
    assert queue.claim("v", job_id="nobody") is None


def test_who_wants_to_be_alone_gets_nothing_while_another_job_runs(queue: Queue) -> None:
    running = queue.submit("run", {})
    first = queue.claim("w", job_id=running, alone=True)
    waiting = queue.submit("run", {})
    assert first is not None
    assert queue.claim("v", job_id=waiting, alone=True) is None
    queue.finish(first, state="done")
    assert queue.claim("v", job_id=waiting, alone=True) is not None


def test_of_many_who_want_to_be_alone_at_once_one_is(queue: Queue) -> None:
    ids = [queue.submit("run", {}) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda id: queue.claim("w", job_id=id, alone=True), ids))
    assert sum(claim is not None for claim in claims) == 1


def test_projects_do_not_see_each_others_jobs(new_queue) -> None:
    ours, theirs = new_queue(), new_queue(project_id="另一个")
    job_id = ours.submit("run", {})
    assert theirs.jobs() == []
    assert theirs.claim("w") is None
    for look in (theirs.job, theirs.cancel):
        with pytest.raises(NotFound, match="no job"):
            look(job_id)
    assert ours.job(job_id).state == "queued"


def test_of_many_threads_one_wins_the_job(queue: Queue) -> None:
    queue.submit("run", {})
    ready = threading.Barrier(8)

    def claim(number: int) -> Claim | None:
        ready.wait()
        return queue.claim(f"w{number}")

    with ThreadPoolExecutor(8) as threads:
        claims = list(threads.map(claim, range(8)))
    assert sum(claim is not None for claim in claims) == 1


def test_of_many_threads_each_gets_another_job_while_there_are_any(queue: Queue) -> None:
    submitted = {queue.submit("run", {}) for _ in range(40)}
    ready = threading.Barrier(8)

    def claim(number: int) -> list[str]:
        ready.wait()
        mine = []
        while len(mine) < 40 and (claim := queue.claim(f"w{number}")) is not None:
            mine.append(claim.job_id)
        return mine

    with ThreadPoolExecutor(8) as threads:
        won = [job_id for mine in threads.map(claim, range(8)) for job_id in mine]
    assert len(won) == 40
    assert set(won) == submitted


def test_of_many_processes_each_job_goes_to_one(queue: Queue, url: str | URL) -> None:
    submitted = {queue.submit("run", {}) for _ in range(30)}
    script = """if True:
        import sys
        from loresmith.database import open_database
        from loresmith.jobs.queue import Queue
        queue = Queue(open_database(sys.argv[1]), project_id="project")
        print("ready", flush=True)
        sys.stdin.readline()
        while (claim := queue.claim(sys.argv[2])) is not None:
            print(claim.job_id, claim.attempt)
    """
    shown = make_url(url).render_as_string(hide_password=False)
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", script, shown, f"w{n}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(3)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    lines = [line for worker in workers for line in worker.communicate()[0].splitlines()]
    assert all(worker.returncode == 0 for worker in workers)
    assert sorted(lines) == sorted(f"{job_id} 1" for job_id in submitted)


def test_a_lapsed_lease_is_taken_over_and_the_old_worker_may_write_nothing(new_queue) -> None:
    queue = new_queue(lease_seconds=0.05)
    job_id = queue.submit("run", {})
    old = claimed(queue, "old")
    time.sleep(0.1)
    new = claimed(new_queue(), "new")
    assert new == Claim(job_id, 2, {})
    with pytest.raises(LeaseLost, match="taken over"):
        queue.renew(old, progress={"late": True})
    with pytest.raises(LeaseLost, match="taken over"):
        queue.finish(old, state="failed", error="late")
    assert queue.job(job_id).progress == {}
    queue.finish(new, state="done")
    assert queue.job(job_id).state == "done"


def test_the_attempts_tell_the_story_of_a_job(new_queue) -> None:
    queue = new_queue(lease_seconds=0.05)
    job_id = queue.submit("run", {})
    claimed(queue, "first")
    time.sleep(0.1)
    second = claimed(queue, "second")
    queue.finish(second, state="failed", error="模型没有回答")
    told = queue.attempts(job_id)
    assert [(a.number, a.worker, a.outcome, a.error) for a in told] == [
        (1, "first", "lost", ""),
        (2, "second", "failed", "模型没有回答"),
    ]
    assert all(a.finished_at is not None and a.finished_at >= a.started_at for a in told)


def test_a_lapsed_lease_that_nobody_took_is_still_good(new_queue) -> None:
    queue = new_queue(lease_seconds=0.05)
    queue.submit("run", {})
    claim = claimed(queue)
    time.sleep(0.1)
    queue.renew(claim)
    queue.finish(claim, state="done")


def test_a_renewed_lease_is_not_taken_over(new_queue) -> None:
    queue = new_queue(lease_seconds=1.0)
    queue.submit("run", {})
    claim = claimed(queue)
    for _ in range(4):
        time.sleep(0.3)
        queue.renew(claim)
        assert queue.claim("another") is None


def test_a_waiting_job_is_cancelled_at_once(queue: Queue) -> None:
    job_id = queue.submit("run", {})
    queue.cancel(job_id)
    job = queue.job(job_id)
    assert (job.state, job.cancel_requested) == ("cancelled", True)
    assert job.finished_at is not None
    assert queue.claim("w") is None


def test_a_running_job_is_asked_to_stop_and_keeps_its_lease_while_it_does(new_queue) -> None:
    queue = new_queue(lease_seconds=1.0)
    job_id = queue.submit("run", {})
    claim = claimed(queue)
    queue.cancel(job_id)
    assert queue.job(job_id).state == "running"
    for _ in range(4):
        time.sleep(0.3)
        with pytest.raises(JobCancelled) as caught:
            queue.renew(claim)
        assert "go on" in caught.value.hint
        assert queue.claim("another") is None
    queue.finish(claim, state="cancelled")
    assert queue.job(job_id).state == "cancelled"


def test_a_job_that_has_ended_is_not_cancelled(queue: Queue) -> None:
    job_id = queue.submit("run", {})
    queue.finish(claimed(queue), state="done")
    ended = queue.job(job_id)
    queue.cancel(job_id)
    assert queue.job(job_id) == ended


def test_an_ended_attempt_may_write_nothing_more(queue: Queue) -> None:
    queue.submit("run", {})
    claim = claimed(queue)
    queue.finish(claim, state="done")
    with pytest.raises(LeaseLost):
        queue.renew(claim)
    with pytest.raises(LeaseLost):
        queue.finish(claim, state="failed")


def test_an_error_that_quotes_broken_text_can_be_written(queue: Queue) -> None:
    job_id = queue.submit("run", {})
    queue.finish(claimed(queue), state="failed", error="cannot read \udcff\x00 文件")
    assert queue.job(job_id).error == "cannot read ?\ufffd 文件"
