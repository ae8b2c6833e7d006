"""The settings of a project as forms: writing, kinds of rows, checks, the dataset, its domain."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response

from loresmith.api.dependencies import ProjectHere, WorkspaceHere
from loresmith.errors import Conflict, RecipeError
from loresmith.web.i18n import gettext_of
from loresmith.web.rendering import render
from loresmith.web.schema_forms import Typed, fault_texts, said_of, typed_of, typed_over
from loresmith.web.toasts import with_toast
from loresmith.workspace.background import Background
from loresmith.workspace.domains import domain as find_domain
from loresmith.workspace.domains import domains
from loresmith.workspace.forms import SECTIONS, Section, form_as_typed, form_of, submission_of
from loresmith.workspace.recipes import change_recipe, recipe_etag
from loresmith.workspace.setting_aside import questions_set_aside
from loresmith.workspace.workspace import Workspace

router = APIRouter(prefix="/projects/{project_id}/settings")
TypedHere = Annotated[Typed, Depends(typed_of)]


@router.get("")
def settings(request: Request, project: ProjectHere) -> Response:
    """What the teacher writes; the recipe as text where it is broken and no form can show it."""
    try:
        workspace = Workspace(project.folder)
    except RecipeError:
        return Response(status_code=303, headers={"Location": f"{request.url.path}/recipe"})
    return _page(request, project, workspace, "writing")


@router.get("/{section}")
def one_section(
    request: Request, project: ProjectHere, workspace: WorkspaceHere, section: Section
) -> Response:
    """The form of one section."""
    return _page(request, project, workspace, section)


@router.post("/domain")
def choose_domain(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    etag: Annotated[str, Form()],
    name: Annotated[str, Form(max_length=40)] = "",
    agreed: Annotated[bool, Form()] = False,
) -> Response:
    """Writes what suits documents of a trade into the recipe; without a name, only takes the
    trade's off. The page anew; or the choice again, with what stands in its way."""
    changes = find_domain(name).changes if name else {"domain": None}
    aside = questions_set_aside(Path(project.folder), changes)
    shown: dict[str, Any] = {"chosen": name, "aside": aside, "problem": None}
    if not aside or agreed:
        try:
            change_recipe(workspace.project.folder, changes, expected=etag)
        except Conflict as error:
            shown |= {"problem": error}
        else:
            return Response(headers={"HX-Redirect": f"/projects/{project.id}/settings"})
    filled = _domain(workspace) | shown | {"etag": etag}
    return render(request, "settings/_domain.html", status=422, project=project, **filled)


@router.post("/{section}/form")
def form(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    section: Section,
    typed: TypedHere,
) -> Response:
    """The form for what is chosen in it now."""
    filled = _form(request, workspace, section) | _as_typed(workspace, section, typed)
    filled |= {"unsaved": True, "etag": (typed.get("etag") or [""])[-1]}
    return render(request, "settings/_section.html", project=project, **filled)


@router.post("/{section}")
def save(
    request: Request,
    project: ProjectHere,
    workspace: WorkspaceHere,
    section: Section,
    typed: TypedHere,
) -> Response:
    """The form anew: as it was saved; with every fault of it; or with the question whether what
    was asked for otherwise may be set aside."""
    submitted = submission_of(workspace.recipe, typed, *SECTIONS[section])
    shown: dict[str, Any] = {"faults": fault_texts(request, submitted.faults)}
    etag = (typed.get("etag") or [""])[-1]
    if submitted.recipe is not None:
        shown["aside"] = questions_set_aside(Path(project.folder), submitted.recipe)
        if not shown["aside"] or typed.get("agreed"):
            try:
                _write(workspace, submitted.changes, etag)
            except Conflict as error:
                shown["problem"] = error
            else:
                return _saved(request, project, section, shown["aside"])
    filled = _form(request, workspace, section) | _as_typed(workspace, section, typed)
    filled |= {"unsaved": True, "etag": etag, **shown}
    return render(request, "settings/_section.html", status=422, project=project, **filled)


def _page(
    request: Request, project: ProjectHere, workspace: Workspace, section: Section
) -> Response:
    return render(
        request,
        "settings/section.html",
        page="settings",
        help_page="project-settings",
        project=project,
        **_domain(workspace),
        **_form(request, workspace, section),
    )


def _write(workspace: Workspace, changes: Mapping[str, Any], etag: str) -> None:
    if changes:
        change_recipe(workspace.project.folder, changes, expected=etag)


def _saved(request: Request, project: ProjectHere, section: Section, aside: int) -> Response:
    fresh = Workspace(project.folder)
    filled = _form(request, fresh, section) | {"aside": aside, "saved": True}
    answer = render(request, "settings/_section.html", project=project, **filled)
    _ = gettext_of(request)
    return with_toast(answer, _("The settings are saved."))


def _as_typed(workspace: Workspace, section: Section, typed: Typed) -> dict[str, Any]:
    shown = form_as_typed(workspace.recipe, typed, *SECTIONS[section]).without("prompt")
    return {"form": shown, "typed": typed_over(shown, typed)}


def _form(request: Request, workspace: Workspace, section: Section) -> dict[str, Any]:
    jobs = Background(workspace).jobs(latest=20)
    return {
        "section": section,
        "form": form_of(workspace.recipe, *SECTIONS[section]).without("prompt"),
        "etag": recipe_etag(workspace.project.folder),
        "at_work": [job for job in jobs if not job.is_over and job.settings_changed],
        "said": said_of(request),
        "faults": {},
        "typed": {},
        "unsaved": False,
        "saved": False,
        "aside": 0,
        "problem": None,
    }


def _domain(workspace: Workspace) -> dict[str, Any]:
    return {"domains": domains(), "domain": workspace.recipe.domain, "chosen": None}
