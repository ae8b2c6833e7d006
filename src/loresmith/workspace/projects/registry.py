"""The list of known projects, in the database of the person or team."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from pathlib import Path

from sqlalchemy import Column, Engine, Row, String, Table, UniqueConstraint, insert, select

from loresmith.database import metadata, transaction
from loresmith.errors import Conflict, NotFound
from loresmith.records import Record
from loresmith.workspace.project import Project

_projects = Table(
    "projects",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("folder", String, nullable=False),
    Column("created_at", String, nullable=False),
    UniqueConstraint("folder"),
)
_NOT_IN_A_FOLDER_NAME = re.compile(r"[^\w.-]+")


class KnownProject(Record):
    """A project as lists show it."""

    id: str
    name: str
    folder: str
    """Absolute; for the server only, never sent to a client."""
    created_at: str
    """ISO 8601, UTC."""


class Projects:
    """The known projects; new ones get a folder below `home`."""

    def __init__(self, engine: Engine, home: Path) -> None:
        self._engine = engine
        self._home = home

    def all(self) -> list[KnownProject]:
        """Every known project, oldest first."""
        query = select(_projects).order_by(_projects.c.created_at, _projects.c.id)
        with transaction(self._engine) as connection:
            return [_known(row) for row in connection.execute(query)]

    def get(self, project_id: str) -> KnownProject:
        """The project with this id; raises NotFound."""
        with transaction(self._engine) as connection:
            row = connection.execute(
                select(_projects).where(_projects.c.id == project_id)
            ).one_or_none()
        if row is None:
            raise NotFound("there is no such project", hint="It may have been deleted.")
        return _known(row)

    def create(self, name: str) -> KnownProject:
        """A new, empty project called `name`."""
        folder = self._free_folder(name)
        (folder / "documents").mkdir(parents=True)
        return self.add(folder, name=name)

    def add(self, folder: Path, *, name: str | None = None) -> KnownProject:
        """Makes the project in `folder` known (the folder stays where it is)."""
        project = Project.at(folder)
        known = KnownProject(
            id=project.prepare(),
            name=name or folder.name,
            folder=str(project.folder),
            created_at=datetime.now(timezone.utc).isoformat(timespec="microseconds"),
        )
        for other in self.all():
            if other.folder == known.folder:
                return other
            if other.id == known.id:
                raise Conflict(
                    f"{folder} is a copy of the project in {other.folder}",
                    hint="Delete .loresmith/project.json in the copy to make it one of its own.",
                )
        with transaction(self._engine) as connection:
            connection.execute(insert(_projects).values(known.model_dump()))
        return known

    def _free_folder(self, name: str) -> Path:
        plain = _NOT_IN_A_FOLDER_NAME.sub("-", name).strip(".-")[:60] or "project"
        number, folder = 1, self._home / plain
        while folder.exists():
            number += 1
            folder = self._home / f"{plain}-{number}"
        return folder


def _known(row: Row[tuple[str, ...]]) -> KnownProject:
    return KnownProject.model_validate(dict(row._mapping))
