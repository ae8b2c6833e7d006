"""The projects that a studio shows: known by an id, kept in folders that no client names."""

from loresmith.workspace.projects.cards import ProjectCard
from loresmith.workspace.projects.guide import GUIDE_STEPS, Guide, end_guide, guide_of
from loresmith.workspace.projects.losses import Losses
from loresmith.workspace.projects.registry import KnownProject, Projects

__all__ = [
    "GUIDE_STEPS",
    "Guide",
    "KnownProject",
    "Losses",
    "ProjectCard",
    "Projects",
    "end_guide",
    "guide_of",
]
