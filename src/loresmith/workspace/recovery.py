"""What a server does from its start on: jobs that a crash left behind are taken up again."""

from __future__ import annotations

import logging
from pathlib import Path

from loresmith.errors import LoresmithError
from loresmith.jobs.queue import projects_with_open_jobs
from loresmith.recipe import Recipe
from loresmith.workspace.background import Background
from loresmith.workspace.home import Home
from loresmith.workspace.project import Project
from loresmith.workspace.workspace import Workspace

RECOVER_SECONDS = 3.0
"""How long a job whose worker died may lie before somebody takes it up."""

_log = logging.getLogger(__name__)


class Recovery:
    """Looks after the jobs of all known projects; a project where nothing happens costs nothing."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._quiet: dict[str, list[tuple[int, int]]] = {}
        """Of projects without an open job, how their database was when that was seen."""
        self._told: dict[str, str] = {}

    def look(self) -> None:
        """Has each project see to its jobs; one that cannot is logged once and passed over."""
        try:
            shared = self._home.settings.database_url is not None
            busy = projects_with_open_jobs(self._home.engine) if shared else None
            listed = self._home.projects.all()
        except LoresmithError as error:  # a database server that is away comes back
            self._tell("any project", error)
            return
        for known in listed:
            if busy is not None and known.id not in busy:
                continue
            try:
                self._see_to(Project.at(Path(known.folder)), known.id, watched=busy is None)
            except LoresmithError as error:
                self._tell(known.id, error)

    def _tell(self, whose: str, error: LoresmithError) -> None:
        if self._told.get(whose) != error.message:
            _log.warning("the jobs of %s cannot be recovered: %s", whose, error.message)
        self._told[whose] = error.message

    def _see_to(self, project: Project, project_id: str, *, watched: bool) -> None:
        """Recovers; with `watched`, only if the project's files tell that something happened."""
        state = _state_of(project)
        if watched and (not state or self._quiet.get(project_id) == state):
            return
        # Each job has its own recipe: one that is broken today stops none of them.
        background = Background(Workspace(project.folder, recipe=Recipe()))
        background.recover()
        if background.is_busy():
            self._quiet.pop(project_id, None)
        else:
            self._quiet[project_id] = state


def _state_of(project: Project) -> list[tuple[int, int]]:
    """Changes with every write to the project's SQLite files."""
    found = []
    for path in (project.database, Path(f"{project.database}-wal")):
        try:
            seen = path.stat()
        except OSError:
            continue
        found.append((seen.st_mtime_ns, seen.st_size))
    return found
