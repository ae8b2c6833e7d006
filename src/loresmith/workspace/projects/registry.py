"""The list of known projects, in the database of the person or team."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

from sqlalchemy import (
    Column,
    Engine,
    Row,
    String,
    Table,
    UniqueConstraint,
    delete,
    insert,
    select,
    update,
)

from loresmith.database import metadata, transaction
from loresmith.errors import Conflict, NotFound, RecipeError, StoreError
from loresmith.records import Record
from loresmith.workspace.domains import domain as find_domain
from loresmith.workspace.project import Project
from loresmith.workspace.projects.cards import ProjectCard, card_of
from loresmith.workspace.projects.copying import copy_example, copy_project
from loresmith.workspace.projects.deleting import delete_files, idle, remove_folder
from loresmith.workspace.projects.guide import begin_guide
from loresmith.workspace.projects.losses import Losses, losses_of
from loresmith.workspace.recipes import write_recipe
from loresmith.workspace.workspace import Workspace

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
_LONGEST_NAME = 80
_MOST_OF_ONE_NAME = 10_000


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

    def card(self, project_id: str) -> ProjectCard:
        """A project with its figures; raises NotFound."""
        return card_of(self.get(project_id), deletable=self._is_ours)

    def cards(self) -> list[ProjectCard]:
        """Every known project with its figures, the newest first."""
        return [card_of(known, deletable=self._is_ours) for known in reversed(self.all())]

    def create(self, name: str, *, domain: str = "") -> KnownProject:
        """A new, empty project; with a `domain`, with the settings for such documents.

        Raises RecipeError for a name that is none, and NotFound for a domain that is none.
        """
        trade = find_domain(domain) if domain else None

        def fill(folder: Path) -> None:
            (folder / "documents").mkdir()
            if trade is not None:
                write_recipe(folder, trade=trade)

        return self._make(name, fill)

    def create_example(self, name: str) -> KnownProject:
        """A new, guided project with the example's documents, settings and recorded teacher.

        Its documents are read and cut at once, as if they had been uploaded.
        """

        def fill(folder: Path) -> None:
            copy_example(folder)
            begin_guide(folder)

        known = self._make(name, fill)
        with Workspace(known.folder).context_after("chunk"):
            return known

    def create_like(
        self, project_id: str, name: str, *, with_documents: bool = False
    ) -> KnownProject:
        """A new project with the settings of another one, and its documents if wanted.

        What was written, frozen and trained stays with the other one. Raises NotFound.
        """
        other = Project.at(Path(self.get(project_id).folder))
        return self._make(
            name, lambda folder: copy_project(other, folder, with_documents=with_documents)
        )

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

    def rename(self, project_id: str, name: str) -> KnownProject:
        """Gives a project another name; its folder keeps its own.

        Raises NotFound, and RecipeError for a name that is none.
        """
        self.get(project_id)
        with transaction(self._engine) as connection:
            connection.execute(
                update(_projects).where(_projects.c.id == project_id).values(name=_checked(name))
            )
        return self.get(project_id)

    def what_is_lost(self, project_id: str) -> Losses:
        """What `delete` takes away; raises NotFound."""
        known = self.get(project_id)
        return losses_of(known, keeps_files=not self._is_ours(known))

    def delete(self, project_id: str) -> Losses:
        """Deletes a project with all that is in it, and returns what that was.

        One whose folder was added from elsewhere is only taken off the list. Raises NotFound, and
        Conflict while somebody is at work on it.
        """
        known = self.get(project_id)
        losses = self.what_is_lost(project_id)
        with idle(known):
            with transaction(self._engine) as connection:
                connection.execute(delete(_projects).where(_projects.c.id == project_id))
            if not losses.keeps_files:
                delete_files(known)
        return losses

    def _make(self, name: str, fill: Callable[[Path], object]) -> KnownProject:
        """A project in a new folder that `fill` puts the files into; all of it or nothing."""
        name = _checked(name)
        folder = self._new_folder(name)
        try:
            fill(folder)
            return self.add(folder, name=name)
        except OSError as error:
            raise StoreError(
                f"the project cannot be made: {error.strerror}",
                hint="Check that the disk has room and that you may write there.",
            ) from error
        finally:
            if not any(other.folder == str(folder.resolve()) for other in self.all()):
                remove_folder(folder)

    def _new_folder(self, name: str) -> Path:
        """A folder that did not exist, named like the project."""
        plain = _NOT_IN_A_FOLDER_NAME.sub("-", name).strip(".-")[:60] or "project"
        for number in range(1, _MOST_OF_ONE_NAME):
            folder = self._home / (plain if number == 1 else f"{plain}-{number}")
            try:
                folder.mkdir(parents=True)
            except FileExistsError:
                continue
            except OSError as error:
                raise StoreError(
                    f"no folder can be made for the project: {error.strerror}",
                    hint="Check that the disk has room and that you may write there.",
                ) from error
            return folder
        raise StoreError(f"too many projects are called {name}", hint="Choose another name.")

    def _is_ours(self, known: KnownProject) -> bool:
        """Whether the folder was made here, and not added from elsewhere."""
        return Path(known.folder).parent == self._home.resolve()


def _checked(name: str) -> str:
    """The name in one line without control characters; raises RecipeError for an unfit one."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    if not plain:
        raise RecipeError("a project needs a name", hint="One that says what it is about.")
    if len(plain) > _LONGEST_NAME:
        raise RecipeError(f"the name is longer than {_LONGEST_NAME} characters")
    return plain


def _known(row: Row[tuple[str, ...]]) -> KnownProject:
    return KnownProject.model_validate(dict(row._mapping))
