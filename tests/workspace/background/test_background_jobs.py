"""Work that is submitted is done by a process of its own, one job after another."""

from __future__ import annotations

import os
import signal
from itertools import pairwise
from pathlib import Path

import pytest

from loresmith.errors import Conflict, NotFound, StoreBusy
from loresmith.jobs.queue import Queue
from loresmith.jobs.worker_name import is_alive
from loresmith.workspace import Workspace
from loresmith.workspace.background import Background, BackgroundJob
from loresmith.workspace.scope import Scope
from loresmith.workspace.steps.chunk import chunks
from servers.sentence_teacher import sentence_teacher
from servers.teacher_server import TeacherServer, always, hang
from waiting import wait_for


def ended(background: Background, job_id: str) -> BackgroundJob:
    wait_for(lambda: background.job(job_id).is_over, what="the end of the job")
    return background.job(job_id)


def pid_of(background: Background, job_id: str) -> int:
    """The process at work on a job, once it has begun."""
    wait_for(lambda: background.job(job_id).state == "running", what="a worker")
    return int(background.job(job_id).attempts[-1].worker.rsplit("/", 2)[1])


def cancelled_while_stopped(background: Background, job_id: str, pid: int) -> bool:
    """Stops the worker and cancels its job; false where it was stopped amid a write."""
    os.kill(pid, signal.SIGSTOP)
    try:
        background.cancel(job_id)
    except StoreBusy:
        os.kill(pid, signal.SIGCONT)
        return False
    return True


def asking(folder: Path, server: TeacherServer) -> Background:
    return Background(Workspace(folder, teacher=f"openai:any@{server.url}"))


def test_a_job_is_done_by_another_process_with_every_step_told(background: Background) -> None:
    job = ended(background, background.submit("chunk"))
    assert (job.state, job.error, job.failure_count) == ("done", "", 0)
    assert [(step.name, step.done, step.total) for step in job.steps] == [
        ("parse", 2, 2),
        ("chunk", 2, 2),
    ]
    (attempt,) = job.attempts
    assert attempt.outcome == "done"
    assert int(attempt.worker.rsplit("/", 2)[1]) != os.getpid()


def test_jobs_of_a_project_are_done_in_order_and_never_at_once(background: Background) -> None:
    ids = [background.submit("chunk") for _ in range(4)]
    jobs = [ended(background, job_id) for job_id in ids]
    assert [job.state for job in jobs] == ["done"] * 4
    assert [job.id for job in background.jobs()] == ids
    times = [(job.started_at or "", job.finished_at or "") for job in jobs]
    assert times == sorted(times)
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(times))


def test_what_stopped_a_job_is_told_with_what_to_do(folder: Path) -> None:
    background = Background(
        Workspace(folder, teacher="openai:any@http://127.0.0.1:9/v1", overrides=QUICKLY)
    )
    job = ended(background, background.submit("generate"))
    assert (job.state, job.error_type) == ("failed", "ModelUnavailable")
    assert "127.0.0.1:9" in job.error
    assert "is the server running?" in job.hint
    log = background.log(job.id).text
    assert job.error in log
    assert job.hint in log


def test_a_job_that_left_work_undone_says_so(folder: Path) -> None:
    (folder / "documents" / "broken.docx").write_bytes(b"this is no document")
    background = Background(Workspace(folder))
    job = ended(background, background.submit("parse"))
    assert job.state == "done"
    assert job.needs_attention
    (failure,) = job.failures
    assert (failure.step, failure.subject) == ("parse", "broken.docx")


def test_a_job_that_is_cancelled_stops_and_can_go_on(folder: Path) -> None:
    with TeacherServer(sentence_teacher, script=always(hang())) as server:
        background = asking(folder, server)
        job_id = background.submit("generate")
        wait_for(lambda: server.requests, what="the first call")
        background.cancel(job_id)
        job = ended(background, job_id)
        assert (job.state, job.attempts[-1].outcome) == ("cancelled", "cancelled")
        server.script = ()
        assert background.retry(job_id).state in ("queued", "running")
        job = ended(background, job_id)
    assert job.state == "done"
    assert [attempt.outcome for attempt in job.attempts] == ["cancelled", "done"]
    assert not server.paid_twice


def test_a_job_that_waits_is_cancelled_at_once(folder: Path) -> None:
    with TeacherServer(sentence_teacher, script=always(hang())) as server:
        background = asking(folder, server)
        first = background.submit("generate")
        pid_of(background, first)
        second = background.submit("chunk")
        assert background.cancel(second).state == "cancelled"
        background.cancel(first)
        assert ended(background, first).state == "cancelled"
    assert background.job(second).attempts == ()


def test_a_worker_that_is_asked_to_leave_saves_what_it_has(folder: Path) -> None:
    with TeacherServer(sentence_teacher, script=always(hang())) as server:
        background = asking(folder, server)
        job_id = background.submit("generate")
        wait_for(lambda: server.requests, what="the first call")
        os.kill(pid_of(background, job_id), signal.SIGTERM)
        job = ended(background, job_id)
    assert job.state == "cancelled"
    assert "its worker was asked to stop" in background.log(job_id).text


def test_only_what_failed_or_was_cancelled_can_be_retried(background: Background) -> None:
    job = ended(background, background.submit("parse"))
    with pytest.raises(Conflict, match="the job is done"):
        background.retry(job.id)
    with pytest.raises(NotFound):
        background.retry("no such job")


def test_a_command_that_was_interrupted_goes_on_without_its_terminal(folder: Path) -> None:
    workspace = Workspace(folder)
    with workspace.opened() as context:
        queue = Queue(context.engine, project_id=context.project_id)
        typed = queue.submit("chunk", {"recipe": workspace.recipe.model_dump(mode="json")})
        queue.cancel(typed)
    background = Background(workspace)
    assert not background.job(typed).background
    assert background.job(typed).can_go_on
    background.retry(typed)
    job = ended(background, typed)
    assert (job.state, job.background, job.can_go_on) == ("done", True, False)
    assert "attempt 1 at `chunk`" in background.log(typed).text


def test_what_is_no_work_on_records_cannot_go_on(folder: Path) -> None:
    workspace = Workspace(folder)
    with workspace.opened() as context:
        queue = Queue(context.engine, project_id=context.project_id)
        hold = queue.submit("delete", {})
        queue.cancel(hold)
    assert not Background(workspace).job(hold).can_go_on
    with pytest.raises(Conflict, match="cannot be begun again"):
        Background(workspace).retry(hold)


def test_a_retry_takes_the_settings_of_the_job_or_those_of_today(folder: Path) -> None:
    earlier = Workspace(folder, overrides=("chunking.max_length=1100",))
    with earlier.opened() as context:
        queue = Queue(context.engine, project_id=context.project_id)
        payload = {"recipe": earlier.recipe.model_dump(mode="json")}
        stopped = queue.submit("chunk", payload, background=True)
        queue.cancel(stopped)
    today = Background(Workspace(folder))
    assert today.job(stopped).settings_changed
    today.retry(stopped, with_settings_of_today=True)
    assert ended(today, stopped).state == "done"
    assert not today.job(stopped).settings_changed


def test_a_dead_worker_s_job_goes_on_when_somebody_looks_after_it(folder: Path) -> None:
    with TeacherServer(sentence_teacher, script=lambda n, _body: hang() if n == 3 else None) as srv:
        background = asking(folder, srv)
        job_id = background.submit("generate")
        wait_for(lambda: len(srv.requests) > 3, what="the fourth call")
        os.kill(pid_of(background, job_id), signal.SIGKILL)
        wait_for(background.recover, what="the end of the worker")
        job = ended(background, job_id)
    assert job.state == "done"
    assert [attempt.outcome for attempt in job.attempts] == ["lost", "done"]


def test_nothing_is_started_where_nothing_waits(background: Background) -> None:
    assert not background.recover()
    ended(background, background.submit("parse"))
    assert not background.recover()


def test_a_foreground_command_leaves_a_dead_worker_s_job_to_be_taken_up(folder: Path) -> None:
    with TeacherServer(sentence_teacher, script=always(hang())) as server:
        background = asking(folder, server)
        job_id = background.submit("generate")
        wait_for(lambda: server.requests, what="the first call")
        pid = pid_of(background, job_id)
        with pytest.raises(Conflict, match="another process is at work"):
            Workspace(folder).do("chunk")
        worker = background.job(job_id).attempts[-1].worker
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not is_alive(worker))
        server.script = ()
        Workspace(folder).do("chunk")
        assert ended(background, job_id).state == "done"
    assert [job.state for job in background.jobs()] == ["done", "done"]


def test_a_cancelled_job_of_a_dead_worker_is_not_begun_again(folder: Path) -> None:
    with TeacherServer(sentence_teacher, script=always(hang())) as server:
        background = asking(folder, server)
        job_id = background.submit("generate")
        pid = pid_of(background, job_id)
        wait_for(lambda: cancelled_while_stopped(background, job_id, pid))
        assert background.job(job_id).cancel_requested
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: background.cancel(job_id).is_over)
    assert background.job(job_id).state == "cancelled"
    assert not background.recover()


def test_a_job_can_be_narrowed_to_passages(folder: Path) -> None:
    with TeacherServer(sentence_teacher) as server:
        workspace = Workspace(folder, teacher=f"openai:any@{server.url}")
        background = Background(workspace)
        ended(background, background.submit("chunk"))
        with workspace.opened() as context:
            chosen = chunks(context)[1]
        job_id = background.submit("generate", scope=Scope(chunks=(chosen.id,)))
        job = ended(background, job_id)
        assert (job.state, job.scope.chunks) == ("done", (chosen.id,))
        asked = [body["messages"][-1]["content"] for body in server.requests]
    assert any("<passage>" in text for text in asked)
    assert all(chosen.text in text for text in asked if "<passage>" in text)


def test_unknown_verbs_and_jobs_are_refused(background: Background) -> None:
    with pytest.raises(NotFound, match="there is no verb 'dance'"):
        background.submit("dance")
    for ask in (background.job, background.cancel, background.log):
        with pytest.raises(NotFound):
            ask("../../etc/passwd")


QUICKLY = ("teacher.timeout=2", "teacher.max_retries=0")
