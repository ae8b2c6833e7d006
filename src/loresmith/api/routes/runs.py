"""Trainings: list, curves, checks, start, stop, go on, delete."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field, JsonValue

from loresmith.api.dependencies import WorkspaceHere
from loresmith.api.idempotency import OnceHere
from loresmith.api.paging import Page, PagingHere, page_of
from loresmith.records import Record
from loresmith.workspace.background import BackgroundJob
from loresmith.workspace.runs import (
    Curves,
    DeviceUse,
    ExportRequest,
    Readiness,
    RunComparison,
    RunLoss,
    Runs,
    RunSummary,
    SampleReply,
    StartOffer,
)

router = APIRouter(prefix="/api/v1/projects/{project_id}/runs", tags=["runs"])


class TrainingRequest(Record):
    """What to train with."""

    changes: dict[str, JsonValue] = Field(
        default_factory=dict, examples=[{"training.rank": 32, "training.num_epochs": 3}]
    )
    """Settings by dotted path; null puts one back to its default. A start writes them into the
    project's recipe."""
    verb: Literal["train", "run"] = "run"
    """`train` ends with the weights; `run` goes on to the exam and the report."""


class ResumeRequest(Record):
    """How far to go on."""

    verb: Literal["train", "run"] = "run"


class Started(Record):
    """A job that was queued."""

    job_id: str


class LookedAt(Record):
    """What a start would meet, and what it stands for."""

    ready: bool
    """Whether nothing stands in the way."""
    readiness: Readiness
    offer: StartOffer


@router.get("", summary="All runs, the newest first")
def list_runs(workspace: WorkspaceHere, paging: PagingHere) -> Page[RunSummary]:
    """Those of earlier recipes too, as long as their files are there."""
    return page_of(Runs(workspace).all(), paging)


@router.post("", status_code=202, summary="Start a training")
def start_run(workspace: WorkspaceHere, once: OnceHere, request: TrainingRequest) -> Started:
    """What comes before it and is missing (rows, a dataset) is done first, in the same job."""
    runs = Runs(workspace)
    return once.answer(
        Started, lambda: Started(job_id=runs.start(request.changes, verb=request.verb))
    )


@router.post("/check", summary="Look before a start")
def check_run(workspace: WorkspaceHere, request: TrainingRequest) -> LookedAt:
    """Faults, warnings, an estimate, and the command that the start stands for; does nothing."""
    runs = Runs(workspace)
    readiness = runs.checks(request.changes)
    return LookedAt(
        ready=readiness.ready,
        readiness=readiness,
        offer=runs.offer(request.changes, verb=request.verb, with_folder=False),
    )


@router.post("/stop", summary="Stop the training that is at work")
def stop_run(workspace: WorkspaceHere) -> BackgroundJob:
    """It saves a checkpoint first, from which it can go on later."""
    return Runs(workspace).stop()


@router.get("/compare", summary="Runs beside one another")
def compare_settings(
    workspace: WorkspaceHere,
    run: Annotated[
        list[str], Query(description="Ids of two to six runs.", examples=[["v1-9d2c", "v2-0f3a"]])
    ],
) -> RunComparison:
    """What came of them, and the settings that they differ in."""
    return Runs(workspace).compare(run)


@router.get("/{run_id}", summary="One run")
def get_run(workspace: WorkspaceHere, run_id: str) -> RunSummary:
    """How far it has come, what it trains, and what its exams said."""
    return Runs(workspace).get(run_id)


@router.get("/{run_id}/curves", summary="The curves of a run")
def get_curves(
    workspace: WorkspaceHere,
    run_id: str,
    since: Annotated[int, Query(ge=0, le=2**53, description="Only points after this step.")] = 0,
    log_id: Annotated[
        str, Query(max_length=40, description="`log_id` of the points that you have.")
    ] = "",
) -> Curves:
    """Ask again with the last step and the `log_id`; where the log is another by then, all of it
    comes."""
    return Runs(workspace).curves(run_id, since=since, log_id=log_id)


@router.get("/{run_id}/samples", summary="What a run's model answered as it learned")
def get_samples(workspace: WorkspaceHere, run_id: str, paging: PagingHere) -> Page[SampleReply]:
    """The same prompts at step 0 and at each evaluation, in that order."""
    return page_of(Runs(workspace).sample_replies(run_id), paging)


@router.get("/{run_id}/device", summary="What a run's trainer uses of the machine")
def get_device_use(workspace: WorkspaceHere, run_id: str) -> DeviceUse | None:
    """Null while no trainer is at work."""
    return Runs(workspace).device_use(run_id)


@router.post("/{run_id}/resume", status_code=202, summary="Go on with a run")
def resume_run(
    workspace: WorkspaceHere, once: OnceHere, run_id: str, request: ResumeRequest
) -> Started:
    """By the run's own recipe, after its last checkpoint."""
    runs = Runs(workspace)
    return once.answer(Started, lambda: Started(job_id=runs.resume(run_id, verb=request.verb)))


@router.post("/{run_id}/export", status_code=202, summary="Export a trained run")
def export_run(
    workspace: WorkspaceHere, once: OnceHere, run_id: str, request: ExportRequest
) -> Started:
    """Writes it into the run's folder `export`, checked against what was trained."""
    runs = Runs(workspace)
    return once.answer(Started, lambda: Started(job_id=runs.export(run_id, request)))


@router.get("/{run_id}/loss", summary="What deleting a run would lose")
def get_loss(workspace: WorkspaceHere, run_id: str) -> RunLoss:
    """Which files, and how much room they take; deletes nothing."""
    return Runs(workspace).loss_of(run_id)


@router.delete("/{run_id}", summary="Delete a run's files")
def delete_run(workspace: WorkspaceHere, run_id: str) -> RunLoss:
    """Weights, checkpoints, logs and report; rows, replies and marks stay stored."""
    return Runs(workspace).delete(run_id)
