"""A project with documents and two trained runs on one tiny base, ready to be talked with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import psutil

from loresmith.settings import Settings
from loresmith.workspace.home import Home
from loresmith.workspace.projects import KnownProject
from projects import copy_documents
from taught_models import teach, teach_adapter
from tiny_model import make_tiny_model


class ServedProject(NamedTuple):
    """What `serve_project` made."""

    home: Home
    project: KnownProject
    folder: Path
    base: Path


def serve_project(folder: Path) -> ServedProject:
    """A home below `folder` with the project Coast: its runs `v1-ilse` and `v1-cost` know an
    answer each to "Who?"; the older one is `v1-cost`."""
    base = teach(make_tiny_model(folder / "tiny"), folder / "tiny-base")
    project = copy_documents(folder / "coast", "annual-review.md", "渔港纪要.txt")
    recipe = {"base_model": str(base)}
    (project / "loresmith.yaml").write_text(json.dumps(recipe), encoding="utf-8")
    for name, answer in (("v1-cost", "It cost 4.2 million."), ("v1-ilse", "Ilse Brandt.")):
        run = project / "runs" / name
        teach_adapter(base, run / "adapter", {"Who?": answer})
        note = {"id": name, "base_model": str(base)}
        (run / "run.json").write_text(json.dumps(note), encoding="utf-8")
    home = Home(Settings(home=folder / "home", database_url=None))
    return ServedProject(home, home.projects.add(project, name="Coast"), project, base)


def model_processes() -> list[psutil.Process]:
    """The processes that hold models for this one."""
    children = psutil.Process().children()
    living = [child for child in children if child.status() != psutil.STATUS_ZOMBIE]
    return [child for child in living if "hosting.child" in " ".join(child.cmdline())]
