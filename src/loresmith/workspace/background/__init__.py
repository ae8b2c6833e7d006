"""Jobs that no server and no page has to live for: worker processes of their own do them."""

from __future__ import annotations

from loresmith.workspace.background.background import Background
from loresmith.workspace.background.everywhere import ProjectJob, jobs_everywhere
from loresmith.workspace.background.job import (
    BackgroundJob,
    JobAttempt,
    JobFailure,
    JobStep,
)
from loresmith.workspace.background.job_log import LogPart

__all__ = [
    "Background",
    "BackgroundJob",
    "JobAttempt",
    "JobFailure",
    "JobStep",
    "LogPart",
    "ProjectJob",
    "jobs_everywhere",
]
