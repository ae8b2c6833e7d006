"""Finds, completes and writes the recipe of a project."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel
from pydantic_core import PydanticUndefined, to_jsonable_python

from loresmith.component import content_id
from loresmith.errors import Conflict, RecipeError
from loresmith.models import parse_teacher
from loresmith.recipe import Recipe, commented_yaml
from loresmith.whole_files import write_whole
from loresmith.workspace.domains import Domain
from loresmith.workspace.project import Project
from loresmith.workspace.recipe_text import with_setting, without_setting

_writing = threading.Lock()
_KEY = re.compile(r"[A-Za-z_]\w*")


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
    folder: Path,
    *,
    teacher: str | None = None,
    base_model: str | None = None,
    trade: Domain | None = None,
    force: bool = False,
) -> Path:
    """Writes a commented recipe into the folder; with `trade` one for such documents, headed by
    its warnings. Raises Conflict rather than overwrite one."""
    project = Project.at(folder)
    if project.recipe.exists() and not force:
        raise Conflict(f"{project.recipe} exists", hint="Add --force to write over it.")
    recipe = load_recipe(None, teacher=teacher, base_model=base_model)
    warnings = ""
    if trade is not None:
        plain = recipe.model_dump(mode="json")
        recipe = Recipe.build(_laid_over(plain, trade.changes), source=f"the domain {trade.name}")
        warnings = "".join(f"# {one}\n" for one in (*trade.warnings, *trade.warnings_zh)) + "#\n"
    project.recipe.write_text(warnings + commented_yaml(recipe), encoding="utf-8")
    return project.recipe


def _laid_over(plain: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """`plain` with `settings` in place of what they name."""
    merged = dict(plain)
    for name, value in settings.items():
        before = merged.get(name)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            merged[name] = _laid_over(before, value)
        else:
            merged[name] = value
    return merged


def recipe_etag(folder: Path) -> str:
    """Changes whenever the recipe file of `folder` does; the same for a file that is not there."""
    path = Project.at(folder).recipe
    return content_id("recipe", path.read_bytes().hex() if path.exists() else "")


def recipe_text(folder: Path) -> str:
    """The recipe file of `folder` as it stands, valid or not; all defaults where there is none."""
    path = Project.at(folder).recipe
    if not path.exists():
        return commented_yaml(load_recipe(None))
    return path.read_text(encoding="utf-8-sig", errors="replace")


def change_recipe(
    folder: Path, changes: Mapping[str, Any], *, expected: str | None = None
) -> Recipe:
    """Sets `{"training.rank": 32}` in the folder's recipe and returns the whole as it is now.

    None puts a setting back to its default. The file keeps its comments and its order; a folder
    without one gets one that holds the changes. Nothing is written unless all of it is valid:
    raises RecipeError with every fault, and Conflict where `expected` (an earlier `recipe_etag`)
    says that somebody else has changed the file since.
    """
    project = Project.at(folder)
    with _writing:
        if expected is not None and expected != recipe_etag(folder):
            raise Conflict(
                "somebody else has changed the recipe", hint="Load it again, then change it."
            )
        text = project.recipe.read_text(encoding="utf-8-sig") if project.recipe.exists() else ""
        recipe = load_recipe(project.recipe if text else None)
        for path, value in changes.items():
            text = _changed(text, path.split("."), value)
        recipe = _read(text)
        write_whole(project.recipe, text)
    return recipe


def replace_recipe(folder: Path, text: str, *, expected: str | None = None) -> Recipe:
    """Puts `text` in place of the folder's recipe, broken as that one may be.

    Nothing is written unless all of it is valid: raises RecipeError with every fault, and Conflict
    as `change_recipe` does.
    """
    text = text.replace("\r\n", "\n")
    project = Project.at(folder)
    with _writing:
        if expected is not None and expected != recipe_etag(folder):
            raise Conflict(
                "somebody else has changed the recipe", hint="Load it again, then change it."
            )
        recipe = Recipe.from_yaml(text)
        write_whole(project.recipe, text)
    return recipe


def changed_recipe(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """`recipe` with the changes, unwritten: what a form's preview shows. Raises RecipeError."""
    text = recipe.to_yaml()
    for path, value in changes.items():
        text = _changed(text, path.split("."), value)
    return _read(text)


def recipe_in(text: str) -> Recipe:
    """The recipe that a run has noted. Raises RecipeError where this version cannot read it."""
    return _read(text)


def _changed(text: str, path: Sequence[str], value: Any) -> str:
    """`text` with one change; what does not belong to a newly chosen `type` leaves with it."""
    if not all(_KEY.fullmatch(part) for part in path):
        raise RecipeError(f"{'.'.join(path)[:200]!r} names no setting")
    there = _at(_plain(text), path)
    if value is None:
        default = _default(path)
        if there is _NOTHING:
            return text
        if default is PydanticUndefined:
            return without_setting(text, path)
        return _with(text, path, default)
    if path[-1] == "type" and len(path) > 1:
        text = _without_strangers(text, path[:-1], str(value))
    elif isinstance(there, Mapping) and isinstance(value, Mapping) and "type" not in value:
        for name, part in value.items():
            text = _changed(text, [*path, str(name)], part)
        return text
    return _with(text, path, _whole(to_jsonable_python(value)))


def _with(text: str, path: Sequence[str], value: Any) -> str:
    """`text` with `value` at `path`, read again to be sure of it."""
    try:
        changed = with_setting(text, path, value)
        if _at(_plain(changed), path) == value:
            return changed
    except yaml.YAMLError:
        pass
    raise RecipeError(
        f"{'.'.join(path)} cannot be changed in this recipe",
        hint="The file uses YAML in a way that is for people only: change the setting by hand.",
    )


def _whole(value: Any) -> Any:
    """`value` with half characters, which UTF-8 cannot write, replaced."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_whole(part) for part in value]
    if isinstance(value, dict):
        return {_whole(name): _whole(part) for name, part in value.items()}
    return value


def _without_strangers(text: str, path: Sequence[str], kind: str) -> str:
    """`text` without the settings of the block at `path` that a member called `kind` has not."""
    member = next((one for one in _members(path) if _type_of(one) == kind), None)
    block = _at(_plain(text), path)
    if member is None or not isinstance(block, Mapping):
        return text
    for name in block:
        if name not in member.model_fields:
            text = without_setting(text, [*path, name])
    return text


def _read(text: str) -> Recipe:
    """The recipe in `text`; raises RecipeError with every fault."""
    return Recipe.build(_plain(text), source="the recipe")


def _plain(text: str) -> Mapping[str, Any]:
    return yaml.safe_load(text) or {}


_NOTHING = object()


def _at(data: Any, path: Sequence[str]) -> Any:
    for part in path:
        if not isinstance(data, Mapping) or part not in data:
            return _NOTHING
        data = data[part]
    return data


def _default(path: Sequence[str]) -> Any:
    """The default at `path` as plain data; PydanticUndefined where there is none."""
    for owner in _members(path[:-1]):
        field = owner.model_fields.get(path[-1])
        if field is not None and not field.is_required():
            return to_jsonable_python(field.get_default(call_default_factory=True))
    return PydanticUndefined


def _members(path: Sequence[str]) -> list[type[BaseModel]]:
    """The components that can stand at `path`: several for a family."""
    owners: list[type[BaseModel]] = [Recipe]
    for part in path:
        fields = [one.model_fields[part] for one in owners if part in one.model_fields]
        owners = [member for field in fields for member in components_in(field.annotation)]
    return owners


def components_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The components that an annotation names, members of families one by one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from components_in(part)


def _type_of(member: type[BaseModel]) -> str:
    return str(member.model_fields["type"].default) if "type" in member.model_fields else ""
