"""A project that has been through every step, with a tiny model, in seconds: for pages to show."""

from __future__ import annotations

from pathlib import Path

from loresmith.workspace.home import Home
from loresmith.workspace.projects import KnownProject
from loresmith.workspace.recipes import change_recipe
from projects import QUICK
from tiny_model import make_tiny_model

NAME = "海岸手册 The coast, with a name as long as people give them"


def make_finished_project(home: Home, *, name: str = NAME) -> KnownProject:
    """The example with its recorded teacher: documents, rows, a run and both exams."""
    known = home.projects.create_example(name)
    folder = Path(known.folder)
    base = make_tiny_model(home.settings.home / "tiny-base")
    settings = dict(setting.split("=") for setting in QUICK)
    numbers = {path: int(value) for path, value in settings.items()}
    change_recipe(folder, {**numbers, "base_model": str(base)})
    outcome = home.workspace(known.id).do("run")
    assert outcome.complete, outcome.states
    return known
