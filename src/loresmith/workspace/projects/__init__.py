"""The projects that a studio shows: known by an id, kept in folders that no client names."""

from loresmith.workspace.projects.cards import ProjectCard
from loresmith.workspace.projects.losses import Losses
from loresmith.workspace.projects.registry import KnownProject, Projects

__all__ = ["KnownProject", "Losses", "ProjectCard", "Projects"]
