"""Several worker processes, as several machines have them with one PostgreSQL, share the jobs of
many projects: none is done twice, and what a killed one held is taken over by another.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

from loresmith.jobs.queue import Queue
from loresmith.records import Chunk, Document
from loresmith.workspace import Workspace
from loresmith.workspace.background import Background
from projects import copy_documents
from servers.sentence_teacher import sentence_teacher
from servers.teacher_server import TeacherServer, hang
from waiting import wait_for

WORKER = "loresmith.workspace.background.worker"


def queued(workspace: Workspace, *verbs: str) -> list[str]:
    """Jobs that wait for a worker; none is started."""
    payload = {"recipe": workspace.recipe.model_dump(mode="json"), "scope": None}
    with workspace.opened() as context:
        queue = Queue(context.engine, project_id=context.project_id)
        return [queue.submit(verb, payload, background=True) for verb in verbs]


def workers(*folders: Path) -> list[subprocess.Popen[bytes]]:
    return [subprocess.Popen([sys.executable, "-m", WORKER, str(one)]) for one in folders]


def test_three_workers_of_two_projects_do_each_job_once(folder: Path, tmp_path: Path) -> None:
    other = copy_documents(tmp_path / "harbour", "annual-review.md", "渔港纪要.txt")
    backgrounds = [Background(Workspace(one)) for one in (folder, other)]
    submitted = [queued(Workspace(one), "parse", "chunk", "chunk") for one in (folder, other)]
    started = workers(folder, other, folder, other, folder, other)

    def all_over() -> bool:
        for background in backgrounds:
            background.recover()  # a worker leaves while another of its project is at work
        jobs = [job for background in backgrounds for job in background.jobs()]
        return all(job.is_over for job in jobs)

    wait_for(all_over, seconds=200, what="the end of all jobs")
    for process in started:
        process.wait()
    for background, ids in zip(backgrounds, submitted, strict=True):
        jobs = background.jobs()
        assert [job.id for job in jobs] == ids
        assert [(job.state, len(job.attempts)) for job in jobs] == [("done", 1)] * 3
        assert [job.attempts[0].outcome for job in jobs] == ["done"] * 3
    for one in (folder, other):
        with Workspace(one).opened() as context:
            names = Counter(document.name for document in context.store.all(Document))
            places = Counter((one.document_id, one.start) for one in context.store.all(Chunk))
        assert set(names.values()) == set(places.values()) == {1}
        assert len(names) == 2


def test_what_a_killed_worker_held_is_taken_over_by_one_that_waits_beside_it(folder: Path) -> None:
    with TeacherServer(sentence_teacher, script=lambda n, _body: hang() if n == 3 else None) as srv:
        asking = Workspace(folder, teacher=f"openai:any@{srv.url}")
        background = Background(asking)
        (job_id,) = queued(asking, "generate")
        (first,) = workers(folder)
        wait_for(lambda: len(srv.requests) > 3, seconds=100, what="the fourth call")
        (second,) = workers(folder)
        assert second.wait(100) == 0  # nothing that it may do while the first one lives
        assert [one.outcome for one in background.job(job_id).attempts] == ["running"]
        os.kill(first.pid, signal.SIGKILL)
        workers_after = workers(folder, folder)  # two at once: one of them takes it over
        wait_for(lambda: background.job(job_id).is_over, seconds=200, what="the end of the job")
        for process in (first, *workers_after):
            process.wait()
    job = background.job(job_id)
    assert (job.state, [one.outcome for one in job.attempts]) == ("done", ["lost", "done"])
    assert {one.worker.rsplit("/", 2)[1] for one in job.attempts} <= {
        str(process.pid) for process in (first, *workers_after)
    }
    asked = Counter(request.digest for request in srv.finished if request.text != "ready")
    assert max(asked.values()) <= 2  # only what was under way when it was killed may be asked twice
