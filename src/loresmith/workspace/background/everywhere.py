"""The jobs of all known projects together, for who looks after a machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loresmith.errors import LoresmithError
from loresmith.records import Record
from loresmith.workspace.background.background import Background
from loresmith.workspace.background.job import BackgroundJob

if TYPE_CHECKING:
    from loresmith.workspace.home import Home

_LATEST_OF_EACH = 50


class ProjectJob(Record):
    """A job and whose it is."""

    project_id: str
    project_name: str
    job: BackgroundJob


def jobs_everywhere(home: Home) -> list[ProjectJob]:
    """The newest jobs of each project, what is at work first, then the newest.

    A project that cannot be opened is passed over: its own page says why.
    """
    found: list[ProjectJob] = []
    for known in home.projects.all():
        try:
            jobs = Background(home.workspace(known.id)).jobs(latest=_LATEST_OF_EACH)
        except LoresmithError:
            continue
        found += [ProjectJob(project_id=known.id, project_name=known.name, job=job) for job in jobs]
    found.sort(key=lambda one: one.job.created_at, reverse=True)
    return sorted(found, key=lambda one: _ORDER.get(one.job.state, 2))


_ORDER = {"running": 0, "queued": 1}
