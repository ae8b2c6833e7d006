"""What the queue tells of a job, of the attempts at it, and of the right to work on it."""

from __future__ import annotations

import json
from typing import Any, Literal, NamedTuple

from sqlalchemy import Row

JobState = Literal["queued", "running", "done", "failed", "cancelled"]
JobEnd = Literal["done", "failed", "cancelled"]


class Job(NamedTuple):
    """A job as it stands. Times are seconds since 1970 by the database's clock."""

    id: str
    kind: str
    background: bool
    """Whether it outlives the process that submitted it."""
    payload: dict[str, Any]
    state: JobState
    attempt: int
    """The number of the latest attempt, 0 before the first."""
    worker: str
    cancel_requested: bool
    progress: dict[str, Any]
    error: str
    created_at: float
    finished_at: float | None


class PastAttempt(NamedTuple):
    """One worker's attempt at a job; `outcome` is running, done, failed, cancelled or lost."""

    number: int
    worker: str
    started_at: float
    finished_at: float | None
    outcome: str
    error: str


class Claim(NamedTuple):
    """The right to work on a job, as long as no later attempt has taken it over."""

    job_id: str
    attempt: int
    payload: dict[str, Any]


def job_of(row: Row[Any]) -> Job:
    """The job that a row of the table `jobs` holds."""
    return Job(
        id=row.id,
        kind=row.kind,
        background=row.background,
        payload=json.loads(row.payload),
        state=row.state,
        attempt=row.attempt,
        worker=row.worker,
        cancel_requested=row.cancel_requested,
        progress=json.loads(row.progress),
        error=row.error,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )
