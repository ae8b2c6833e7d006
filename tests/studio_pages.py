"""The addresses of every page of a studio, for whatever has to look at each of them."""

from __future__ import annotations

from typing import NamedTuple

from loresmith.workspace.background import Background
from loresmith.workspace.documents import Documents
from loresmith.workspace.home import Home
from loresmith.workspace.projects import KnownProject
from loresmith.workspace.runs import Runs


class StudioPage(NamedTuple):
    """One page: what it is called, where it is, and the status of its reply."""

    name: str
    path: str
    status: int = 200


STUDIO_PAGES = (
    StudioPage("projects", "/"),
    StudioPage("models", "/models"),
    StudioPage("devices", "/devices"),
    StudioPage("all-jobs", "/jobs"),
    StudioPage("settings", "/settings"),
    StudioPage("help", "/help"),
    StudioPage("help-recipe", "/help/recipe"),
    StudioPage("not-found", "/projects/none/train", status=404),
)
_PROJECT_PAGES = (
    *("documents", "documents/chunking", "questions", "review", "review/map", "dataset"),
    *(
        "subjects",
        "coverage",
        "dataset/import",
        "train",
        "exam",
        "chat",
        "jobs",
        "settings",
        "settings/rows",
        "settings/curation",
        "settings/dataset",
        "settings/prompts",
        "settings/recipe",
    ),
)


def pages_of_project(known: KnownProject, *, prefix: str = "") -> list[StudioPage]:
    """The pages that every project has, the empty one too; `prefix` begins their names."""
    return [
        StudioPage(prefix + name.replace("/", "-").replace("settings", "project-settings"), path)
        for name in _PROJECT_PAGES
        for path in [f"/projects/{known.id}/{name}"]
    ]


def pages_of_things(home: Home, known: KnownProject) -> list[StudioPage]:
    """The pages of single things in a project that has been through every step."""
    workspace = home.workspace(known.id)
    document = Documents(workspace).all().documents[0].key
    runs = Runs(workspace).all()
    jobs = Background(workspace).jobs()
    paths = {
        "document": f"documents/{document}",
        "document-edit": f"documents/{document}/edit",
        "document-history": f"documents/{document}/history",
        "dataset-export": "dataset/export?version=1",
        "exam-run": f"exam/{runs[0].id}",
        "exam-compare": f"exam/compare?run={runs[0].id}",
        "job": f"jobs/{jobs[0].id}",
    }
    refused = StudioPage("refused", f"/projects/{known.id}/dataset/export?version=0", status=422)
    things = [StudioPage(name, f"/projects/{known.id}/{path}") for name, path in paths.items()]
    return [*things, refused]
