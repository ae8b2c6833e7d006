"""A killed worker must not lock its project; a living one must not be disturbed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import URL, make_url

from loresmith.errors import Conflict, LeaseLost
from loresmith.jobs.queue import Queue
from loresmith.jobs.worker_name import is_alive, worker_name

CLAIM_AND_WAIT = """if True:
    import sys, time
    from loresmith.database import open_database
    from loresmith.jobs.queue import Queue
    from loresmith.jobs.worker_name import worker_name
    queue = Queue(open_database(sys.argv[1]), project_id="project")
    queue.submit("run", {})
    queue.claim(worker_name())
    print("claimed", flush=True)
    time.sleep(60)
"""


@contextmanager
def working_child(url: str | URL) -> Iterator[subprocess.Popen[str]]:
    shown = make_url(url).render_as_string(hide_password=False)
    child = subprocess.Popen(
        [sys.executable, "-c", CLAIM_AND_WAIT, shown], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "claimed\n"
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def test_a_living_worker_is_left_in_peace(queue: Queue, url: str | URL) -> None:
    with working_child(url) as child:
        with pytest.raises(Conflict, match=f"/{child.pid}/") as caught:
            queue.take_over_dead()
        assert "Wait for it" in caught.value.hint
        assert queue.jobs()[0].state == "running"


def test_the_job_of_a_killed_worker_is_closed(queue: Queue, url: str | URL) -> None:
    with working_child(url) as child:
        child.send_signal(signal.SIGKILL)
        child.wait()
        queue.take_over_dead()
    job = queue.jobs()[0]
    assert job.state == "failed"
    assert "killed" in job.error
    assert [a.outcome for a in queue.attempts(job.id)] == ["failed"]
    queue.take_over_dead()


def test_a_killed_worker_whose_parent_has_not_noticed_is_dead(queue: Queue, url: str | URL) -> None:
    with working_child(url) as child:
        os.kill(child.pid, signal.SIGKILL)
        time.sleep(0.2)  # the child is a zombie now: nobody has waited for it
        queue.take_over_dead()
        assert queue.jobs()[0].state == "failed"


def test_a_worker_of_another_machine_is_alive_until_its_lease_lapses(new_queue) -> None:
    queue = new_queue(lease_seconds=0.3)
    job_id = queue.submit("run", {})
    claim = queue.claim("another-machine/17/1700000000")
    with pytest.raises(Conflict, match="another-machine"):
        queue.take_over_dead()
    time.sleep(0.4)
    queue.take_over_dead()
    assert queue.job(job_id).state == "failed"
    with pytest.raises(LeaseLost):
        queue.renew(claim)


def test_waiting_and_ended_jobs_are_left_alone(queue: Queue) -> None:
    ended, waiting = queue.submit("run", {}), queue.submit("run", {})
    claim = queue.claim("w", job_id=ended)
    assert claim is not None
    queue.finish(claim, state="done")
    queue.take_over_dead()
    assert queue.job(ended).state == "done"
    assert queue.job(waiting).state == "queued"


def test_a_name_tells_this_process_from_others() -> None:
    host = socket.gethostname()
    assert is_alive(worker_name()) is True
    assert is_alive(f"{host}/{os.getpid()}/1000000000") is False  # the same pid, long ago
    assert is_alive(f"{host}/999999999/1000000000") is False
    assert is_alive("elsewhere/1/1000000000") is None
    assert is_alive("not a worker's name") is None
