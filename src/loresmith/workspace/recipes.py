"""Finds, completes and writes the recipe of a project."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from loresmith.errors import Conflict, RecipeError
from loresmith.models import parse_teacher
from loresmith.recipe import Recipe, commented_yaml
from loresmith.workspace.project import Project


def load_recipe(
    path: Path | None,
    overrides: Sequence[str] = (),
    *,
    teacher: str | None = None,
    base_model: str | None = None,
    seed: int | None = None,
) -> Recipe:
    """The recipe in `path` (or the defaults) with the given changes; raises RecipeError.

    `overrides` come after the others, so that `teacher.timeout=5` refines a `teacher` in short.
    """
    import json

    sugar: list[str] = []
    if teacher is not None:
        sugar.append(f"teacher={json.dumps(parse_teacher(teacher), ensure_ascii=False)}")
    if base_model is not None:
        sugar.append(f"base_model={json.dumps(base_model, ensure_ascii=False)}")
    if seed is not None:
        sugar.append(f"seed={seed}")
    if path is None:
        return Recipe.build({}, overrides=[*sugar, *overrides])
    if not path.is_file():
        raise RecipeError(f"there is no recipe {path}", hint="`loresmith init FOLDER` writes one.")
    return Recipe.load(path, overrides=[*sugar, *overrides])


def write_recipe(
    folder: Path, *, teacher: str | None = None, base_model: str | None = None, force: bool = False
) -> Path:
    """Writes a commented recipe into the folder; raises Conflict rather than overwrite one."""
    project = Project.at(folder)
    if project.recipe.exists() and not force:
        raise Conflict(f"{project.recipe} exists", hint="Add --force to write over it.")
    recipe = load_recipe(None, teacher=teacher, base_model=base_model)
    project.recipe.write_text(commented_yaml(recipe), encoding="utf-8")
    return project.recipe
