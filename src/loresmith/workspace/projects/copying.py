"""Fills the folder of a new project: from the example that comes with us, or like another one."""

from __future__ import annotations

import shutil
from pathlib import Path

from loresmith.errors import DocumentError, NotFound, RecipeError
from loresmith.workspace.project import RECIPE, Project
from loresmith.workspace.recipes import load_recipe

_PACKAGE = Path(__file__).parents[2]
_PLACES = (_PACKAGE / "examples" / "harbor", _PACKAGE.parents[1] / "examples" / "harbor")
"""Where the example is: in an installed package, and in a checkout."""


def copy_example(folder: Path) -> None:
    """The example's documents, settings and recorded replies; raises NotFound without them."""
    example = next((place for place in _PLACES if (place / RECIPE).is_file()), None)
    if example is None:
        raise NotFound(
            "the example is not installed", hint="pip install --force-reinstall loresmith"
        )
    for name in (RECIPE, "recordings.jsonl"):
        shutil.copyfile(example / name, folder / name)
    shutil.copytree(example / "documents", folder / "documents", copy_function=shutil.copyfile)


def copy_project(other: Project, folder: Path, *, with_documents: bool) -> None:
    """The settings of `other` and the replies that they name, and its documents if wanted."""
    if other.recipe.exists():
        shutil.copyfile(other.recipe, folder / RECIPE)
    _copy_recording(other, folder)
    (folder / "documents").mkdir(exist_ok=True)
    if with_documents:
        _copy_documents(other, folder)


def _copy_recording(other: Project, folder: Path) -> None:
    """A recorded teacher's file, where it is one of the project's own."""
    try:
        teacher = load_recipe(other.recipe if other.recipe.exists() else None).teacher
    except RecipeError:  # the copy is as broken as the original, and says so when it is opened
        return
    named = getattr(teacher, "path", None)
    if teacher.type != "recorded" or named is None:
        return
    source = (other.folder / named).resolve()
    if source.is_file() and source.is_relative_to(other.folder):
        target = folder / source.relative_to(other.folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def _copy_documents(other: Project, folder: Path) -> None:
    """The documents below the project's folder; those of a folder elsewhere are read there."""
    recipe = load_recipe(other.recipe if other.recipe.exists() else None)
    try:
        listing = recipe.documents.listing(other.folder)
    except DocumentError:  # the folder is gone: there is nothing to copy
        return
    if not listing.folder.resolve().is_relative_to(other.folder):
        return
    inside = (
        "documents"
        if listing.folder == other.folder
        else listing.folder.resolve().relative_to(other.folder)
    )
    for path in listing.found:
        target = folder / inside / listing.name_of(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
