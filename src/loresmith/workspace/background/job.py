"""A job as pages and programs see it: how far each step is, how fast, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, Literal

from loresmith.jobs.job import Job, JobState, PastAttempt
from loresmith.records import Record
from loresmith.workspace.background.redaction import without_secrets
from loresmith.workspace.scope import Scope
from loresmith.workspace.steps import STAGES


class JobStep(Record):
    """How far one step of a job is."""

    name: str
    """The step, such as `generate` or `exam before`; `fetch` is a download."""
    done: int
    """Items that are done, by this attempt and by earlier ones."""
    total: int
    """All items; 0 while that is not known."""
    note: str = ""
    """What the step says besides: calls and tokens, a loss."""
    seconds: float = 0.0
    """How long this attempt has worked on it."""
    rate: float | None = None
    """Items a second of this attempt; null before there is one."""
    seconds_left: float | None = None
    """How much longer it takes at that rate; null where nobody can tell."""


class JobFailure(Record):
    """A piece of work that a job left undone, and why."""

    step: str
    subject: str
    reason: str


class JobAttempt(Record):
    """One worker's attempt at a job."""

    number: int
    worker: str
    """Machine, process id and start of the process."""
    started_at: str
    """ISO 8601, UTC."""
    finished_at: str | None = None
    """ISO 8601, UTC; null while it is under way."""
    outcome: Literal["running", "done", "failed", "cancelled", "lost"]
    """`lost` is an attempt whose worker died; the next one went on from what it had stored."""
    error: str = ""


class BackgroundJob(Record):
    """A job of a project."""

    id: str
    verb: str
    """What is done, as the command line calls it: `generate`, `train`, `run`."""
    state: JobState
    background: bool
    """False for a command that somebody runs in a terminal: it ends with that."""
    cancel_requested: bool
    """Somebody asked it to stop; it ends as soon as what it has is saved."""
    steps: tuple[JobStep, ...] = ()
    """Every step of it, in order."""
    current: str = ""
    """The step under way; empty between steps and at the end."""
    attempts: tuple[JobAttempt, ...] = ()
    """First attempt first."""
    created_at: str
    """ISO 8601, UTC."""
    started_at: str | None = None
    """When the latest attempt began (ISO 8601, UTC)."""
    finished_at: str | None = None
    """ISO 8601, UTC."""
    error: str = ""
    """What stopped it."""
    error_type: str = ""
    """The kind of error, such as `ModelUnavailable`."""
    hint: str = ""
    """What to do about the error."""
    failures: tuple[JobFailure, ...] = ()
    """What a finished job left undone: the first 100."""
    failure_count: int = 0
    """How many pieces of work it left undone."""
    scope: Scope = Scope()
    """What it is limited to."""
    settings_changed: bool = False
    """Whether the project's settings are others today than those that it works by."""

    @property
    def is_over(self) -> bool:
        return self.state in ("done", "failed", "cancelled")

    @property
    def began_at(self) -> str:
        """When the first attempt began; before there is one, when it was asked for."""
        return self.attempts[0].started_at if self.attempts else self.created_at

    @property
    def can_go_on(self) -> bool:
        """Whether a retry takes it up where it stopped, or does what it left undone."""
        undone = self.state in ("failed", "cancelled") or self.failure_count > 0
        return self.is_over and undone and self.verb in STAGES

    @property
    def worked_seconds(self) -> float:
        """How long workers have been at it, in all attempts, up to now."""
        now = datetime.now(timezone.utc)
        return sum(
            max(0.0, (_time(one.finished_at) or now).timestamp() - started.timestamp())
            for one in self.attempts
            if (started := _time(one.started_at)) is not None
        )

    @property
    def needs_attention(self) -> bool:
        """Whether it failed, or ended with work left undone."""
        return self.state == "failed" or (self.state == "done" and self.failure_count > 0)


def job_seen(job: Job, attempts: Sequence[PastAttempt], recipe: Mapping[str, Any]) -> BackgroundJob:
    """The job as it stands; `recipe` is the project's of today, as JSON values."""
    error = job.progress.get("error", {}) if job.error else {}
    return BackgroundJob(
        id=job.id,
        verb=job.kind,
        state=job.state,
        background=job.background,
        cancel_requested=job.cancel_requested,
        steps=tuple(_step(name, told) for name, told in _steps(job).items()),
        current=str(job.progress.get("current", "")) if job.state == "running" else "",
        attempts=tuple(map(_attempt, attempts)),
        created_at=_moment(job.created_at),
        started_at=_moment(attempts[-1].started_at) if attempts else None,
        finished_at=_moment(job.finished_at) if job.finished_at else None,
        error=without_secrets(error.get("message", job.error)),
        error_type=error.get("type", ""),
        hint=without_secrets(error.get("hint", "")),
        failures=tuple(_failure(one) for one in job.progress.get("failures", ())),
        failure_count=job.progress.get("failure_count", 0),
        scope=Scope.model_validate(job.payload.get("scope") or {}),
        settings_changed=job.payload.get("recipe") not in (None, recipe),
    )


def _steps(job: Job) -> Mapping[str, Mapping[str, Any]]:
    steps: Mapping[str, Mapping[str, Any]] = job.progress.get("steps", {})
    return steps


def _step(name: str, told: Mapping[str, Any]) -> JobStep:
    here = told["done"] - told.get("began_at", 0)
    rate = here / told["seconds"] if here > 0 and told["seconds"] >= 1 else None
    left = max(0, told["total"] - told["done"])
    return JobStep(
        name=name,
        done=told["done"],
        total=told["total"],
        note=without_secrets(told["note"]),
        seconds=told["seconds"],
        rate=rate,
        seconds_left=left / rate if rate and told["total"] else None,
    )


def _failure(told: Mapping[str, str]) -> JobFailure:
    return JobFailure(
        step=told["step"], subject=told["subject"], reason=without_secrets(told["reason"])
    )


def _attempt(past: PastAttempt) -> JobAttempt:
    return JobAttempt(
        number=past.number,
        worker=past.worker,
        started_at=_moment(past.started_at),
        finished_at=_moment(past.finished_at) if past.finished_at else None,
        outcome=past.outcome,
        error=without_secrets(past.error),
    )


def _time(moment: str | None) -> datetime | None:
    return datetime.fromisoformat(moment) if moment else None


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")
