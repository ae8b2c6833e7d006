"""What one person or team has: the known projects, and what belongs to all of them.

The studio and the API open one `Home`; everything they do goes through it.
"""

from __future__ import annotations

from loresmith.database import sqlite_url
from loresmith.settings import Settings, load_settings
from loresmith.workspace.engines import engine_of
from loresmith.workspace.projects import Projects
from loresmith.workspace.workspace import Workspace


class Home:
    """The home folder's database and the projects in it. Safe to use from several threads."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or load_settings()
        self.settings.home.mkdir(parents=True, exist_ok=True)
        self.engine = engine_of(
            self.settings.database_url or sqlite_url(self.settings.home / "home.sqlite")
        )
        self.projects = Projects(self.engine, self.settings.home / "projects")

    def workspace(self, project_id: str) -> Workspace:
        """The project with its recipe. Raises NotFound, and RecipeError for a broken recipe."""
        return Workspace(self.projects.get(project_id).folder)
