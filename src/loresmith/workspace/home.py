"""What one person or team has: the known projects, and what belongs to all of them.

The studio and the API open one `Home`; everything they do goes through it.
"""

from __future__ import annotations

from pathlib import Path

from loresmith.database import sqlite_url
from loresmith.errors import StoreError
from loresmith.settings import Settings, load_settings
from loresmith.workspace.candidates import Candidate
from loresmith.workspace.engines import engine_of
from loresmith.workspace.projects import Projects
from loresmith.workspace.workspace import Workspace


class Home:
    """The home folder's database and the projects in it. Safe to use from several threads.

    Raises StoreError when the folder or its database cannot be used.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or load_settings()
        _make(self.settings.home)
        self.engine = engine_of(
            self.settings.database_url or sqlite_url(self.settings.home / "home.sqlite")
        )
        self.projects = Projects(self.engine, self.settings.home / "projects")
        self.further_models: tuple[Candidate, ...] = ()
        """Models to serve, for as long as this lives, that are of no project."""

    def workspace(self, project_id: str) -> Workspace:
        """The project with its recipe. Raises NotFound, and RecipeError for a broken recipe."""
        return Workspace(self.projects.get(project_id).folder)


def _make(folder: Path) -> None:
    """A new home is for its owner only: keys are in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreError(
            f"the home folder {folder} cannot be made: {error.strerror}",
            hint="Let LORESMITH_HOME name a folder that you may write to.",
        ) from error
