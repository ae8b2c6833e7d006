"""A project's settings: read, change, and the form that follows from the schema."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field, JsonValue

from loresmith.api.dependencies import WorkspaceHere
from loresmith.api.etags import IfMatch, require_match
from loresmith.records import Record
from loresmith.workspace.forms import Form, form_of
from loresmith.workspace.recipes import change_recipe, recipe_etag
from loresmith.workspace.workspace import Workspace

router = APIRouter(prefix="/api/v1/projects/{project_id}/recipe", tags=["recipe"])


class ShownRecipe(Record):
    """A recipe with every default written out."""

    settings: dict[str, JsonValue]
    yaml: str
    """The same as a file."""


class RecipeChange(Record):
    """Some settings to change; the rest stays, comments in the file too."""

    changes: dict[str, JsonValue] = Field(
        min_length=1, examples=[{"training.rank": 32, "exam.max_items": None}]
    )
    """By dotted path; null puts a setting back to its default."""


@router.get("", summary="The settings of a project")
def get_recipe(workspace: WorkspaceHere, response: Response) -> ShownRecipe:
    """Its ETag is what a change of it sends as `If-Match`."""
    _tag(workspace, response)
    return _shown(workspace)


@router.patch("", summary="Change settings")
def patch_recipe(
    workspace: WorkspaceHere,
    change: RecipeChange,
    request: Request,
    response: Response,
    if_match: IfMatch = None,  # noqa: ARG001 -- documents the header
) -> ShownRecipe:
    """All or nothing: with one fault nothing is written, and every fault is told."""
    folder = workspace.project.folder
    seen = recipe_etag(folder)
    require_match(request, f'"{seen}"')
    change_recipe(folder, change.changes, expected=seen)
    changed = Workspace(folder)
    _tag(changed, response)
    return _shown(changed)


@router.get("/form", summary="The form for some settings")
def get_form(
    workspace: WorkspaceHere,
    path: Annotated[
        list[str] | None, Query(description="Such as `training`; all settings without any.")
    ] = None,
) -> Form:
    """Fields with their kinds, bounds, help and values, as they follow from the schema."""
    return form_of(workspace.recipe, *(path or ()))


def _shown(workspace: Workspace) -> ShownRecipe:
    recipe = workspace.recipe
    return ShownRecipe(settings=recipe.model_dump(mode="json"), yaml=recipe.to_yaml())


def _tag(workspace: Workspace, response: Response) -> None:
    response.headers["ETag"] = f'"{recipe_etag(workspace.project.folder)}"'
