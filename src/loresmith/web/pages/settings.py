"""The settings: language, theme and places; of a project its recipe and its teacher's prompts."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from sqlalchemy import URL

from loresmith import __version__
from loresmith.api.dependencies import HomeHere, ProjectHere, WorkspaceHere
from loresmith.errors import Conflict, LoresmithError, RecipeError
from loresmith.recipe import Recipe
from loresmith.web.pages.typed_text import TypedText
from loresmith.web.rendering import render
from loresmith.workspace.projects import KnownProject
from loresmith.workspace.prompts import (
    PromptLanguage,
    PromptTask,
    TeacherPrompt,
    prompt_sets_aside,
    set_prompt,
    teacher_prompt,
    teacher_prompts,
    tried,
)
from loresmith.workspace.recipes import recipe_etag, recipe_text, replace_recipe
from loresmith.workspace.setting_aside import questions_set_aside
from loresmith.workspace.workspace import Workspace

router = APIRouter()


@router.get("/settings")
def settings(request: Request, home: HomeHere) -> Response:
    """What a person chooses for all projects, and where things are on this machine."""
    return render(
        request,
        "settings/index.html",
        page="settings",
        settings=home.settings,
        database=_place_of(home.engine.url),
        version=__version__,
        python=platform.python_version(),
        chosen_theme=request.cookies.get("theme", ""),
    )


@router.get("/projects/{project_id}/settings/recipe")
def recipe(request: Request, project: ProjectHere) -> Response:
    """The whole recipe as text, broken as it may be."""
    return render(
        request,
        "settings/recipe.html",
        page="settings",
        help_page="project-settings",
        **_editor(project),
    )


@router.get("/projects/{project_id}/settings/prompts")
def prompts(request: Request, project: ProjectHere, workspace: WorkspaceHere) -> Response:
    """What the teacher is told, to read and to change."""
    return render(
        request,
        "settings/prompts.html",
        page="settings",
        help_page="project-settings",
        project=project,
        prompts=teacher_prompts(workspace.recipe),
        saved=False,
        aside=0,
        error=None,
    )


@router.post("/projects/{project_id}/settings/prompts/{task}/{language}")
def save_prompt(
    request: Request,
    project: ProjectHere,
    task: PromptTask,
    language: PromptLanguage,
    version: Annotated[str, Form()],
    text: TypedText = "",
    agreed: Annotated[bool, Form()] = False,
) -> Response:
    """The prompt's form anew: with what was saved, with what is wrong with it, or with the question
    whether what was asked with the prompt of now may be set aside."""
    folder = Path(project.folder)
    try:
        aside = prompt_sets_aside(folder, task, language, text, expected=version)
        if aside and not agreed:
            text = text if text.strip() else teacher_prompt(Recipe(), task, language).text
            before = teacher_prompt(Workspace(folder).recipe, task, language)
            return _prompt(request, project, before.model_copy(update={"text": text}), aside=aside)
        saved = set_prompt(folder, task, language, text, expected=version)
    except (RecipeError, Conflict) as error:
        before = teacher_prompt(Workspace(folder).recipe, task, language)
        kept = before.model_copy(update={"text": text, "version": version})
        return _prompt(request, project, kept, status=422, error=error)
    return _prompt(request, project, saved, saved=True, aside=aside)


@router.post("/settings/prompts/{task}/{language}/try")
def try_prompt(
    request: Request,
    task: PromptTask,
    language: PromptLanguage,
    text: TypedText = "",
) -> Response:
    """What would be sent about a sample passage; nothing is saved."""
    try:
        messages, error = tried(task, language, text), None
    except RecipeError as fault:
        messages, error = (), fault
    return render(request, "settings/_tried.html", messages=messages, error=error)


@router.post("/projects/{project_id}/settings/recipe")
def save_recipe(
    request: Request,
    project: ProjectHere,
    recipe: TypedText = "",
    etag: Annotated[str, Form()] = "",
    agreed: Annotated[bool, Form()] = False,
) -> Response:
    """The editor anew: with what was saved, with every fault of it, or with the question whether
    what was asked with the recipe of now may be set aside."""
    folder = Path(project.folder)
    shown: dict[str, Any] = {"recipe": recipe, "etag": etag}
    try:
        aside = questions_set_aside(folder, Recipe.from_yaml(recipe))
        if aside and not agreed:
            return _again(request, project, aside=aside, **shown)
        replace_recipe(folder, recipe, expected=etag)
    except RecipeError as error:
        return _again(request, project, status=422, error=error, **shown)
    except Conflict as error:
        return _again(request, project, status=422, conflict=error, **shown)
    return _again(request, project, saved=True, aside=aside)


def _prompt(
    request: Request,
    project: KnownProject,
    prompt: TeacherPrompt,
    *,
    status: int = 200,
    saved: bool = False,
    aside: int = 0,
    error: LoresmithError | None = None,
) -> Response:
    return render(
        request,
        "settings/_prompt.html",
        status=status,
        project=project,
        prompt=prompt,
        saved=saved,
        aside=aside,
        error=error,
    )


def _place_of(url: URL) -> str:
    """The file of a SQLite database, else its address without the password."""
    is_file = url.get_backend_name() == "sqlite" and url.database
    return str(url.database) if is_file else url.render_as_string(hide_password=True)


def _again(request: Request, project: KnownProject, *, status: int = 200, **shown: Any) -> Response:
    editor = _editor(project) | shown
    return render(request, "settings/_recipe.html", status=status, **editor)


def _editor(project: KnownProject) -> dict[str, Any]:
    folder = Path(project.folder)
    return {
        "project": project,
        "recipe": recipe_text(folder),
        "etag": recipe_etag(folder),
        "saved": False,
        "aside": 0,
        "error": None,
        "conflict": None,
    }
