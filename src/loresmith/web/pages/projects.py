"""The first page: all projects as cards; make, rename and delete them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, Response

from loresmith.api.dependencies import HomeHere, ProjectHere
from loresmith.errors import Conflict, NotFound, RecipeError
from loresmith.web.i18n import gettext_of
from loresmith.web.rendering import render
from loresmith.web.said import said_to
from loresmith.web.toasts import with_toast
from loresmith.workspace.domains import domains
from loresmith.workspace.home import Home
from loresmith.workspace.projects import end_guide

router = APIRouter()

PageName = Annotated[str, Query(pattern="^[a-z]{0,20}$")]


@router.get("/")
def index(request: Request, home: HomeHere) -> Response:
    """The cards; without any project, the guided first run."""
    return render(
        request,
        "projects/index.html",
        page="projects",
        cards=home.projects.cards(),
        domains=domains(),
        domain="",
        fault="",
        name="",
    )


@router.get("/projects/cards")
def cards(request: Request, home: HomeHere) -> Response:
    """The cards alone, as they are now."""
    return render(request, "projects/_cards.html", cards=home.projects.cards())


@router.post("/projects")
def create(
    request: Request,
    home: HomeHere,
    name: Annotated[str, Form()] = "",
    source: Annotated[str, Form()] = "blank",
    copy_of: Annotated[str, Form()] = "",
    domain: Annotated[str, Form(max_length=40)] = "",
    with_documents: Annotated[bool, Form()] = False,
) -> Response:
    """Makes a project and goes to its documents; the form again, where its name is none."""
    try:
        if source == "example":
            known = home.projects.create_example(name)
        elif source == "copy":
            known = home.projects.create_like(copy_of, name, with_documents=with_documents)
        else:
            known = home.projects.create(name, domain=domain)
    except (RecipeError, NotFound) as error:
        fault = _said(request, error)
        shown: dict[str, Any] = {"cards": home.projects.cards(), "fault": fault, "name": name}
        shown |= {"domains": domains(), "domain": domain}
        return render(request, "projects/_create.html", status=422, **shown)
    return Response(headers={"HX-Redirect": f"/projects/{known.id}/documents"})


@router.get("/projects/{project_id}")
def project(request: Request, home: HomeHere, project_id: str) -> Response:  # noqa: ARG001
    """A project's own address leads to its documents."""
    known = home.projects.get(project_id)
    return Response(status_code=303, headers={"Location": f"/projects/{known.id}/documents"})


@router.get("/projects/{project_id}/guide")
def guide(request: Request, project: ProjectHere, at: PageName = "") -> Response:
    """What comes next in the guided first run; nothing once that has ended."""
    return render(request, "projects/_guide.html", project=project, page=at)


@router.post("/projects/{project_id}/guide/end")
def end_the_guide(project: ProjectHere) -> Response:
    """Puts the guide away; every page works without it."""
    end_guide(project)
    return Response(media_type="text/html")


@router.get("/projects/{project_id}/rename")
def ask_for_name(request: Request, home: HomeHere, project_id: str) -> Response:
    """The dialog."""
    known = home.projects.get(project_id)
    return render(request, "projects/_rename.html", known=known, name=known.name, fault="")


@router.post("/projects/{project_id}/rename")
def rename(
    request: Request, home: HomeHere, project_id: str, new_name: Annotated[str, Form()] = ""
) -> Response:
    """The cards with the new name; the dialog again, where it is none."""
    try:
        home.projects.rename(project_id, new_name)
    except RecipeError as error:
        known = home.projects.get(project_id)
        shown = {"known": known, "name": new_name, "fault": _said(request, error)}
        answer = render(request, "projects/_rename.html", status=422, **shown)
        return _in_dialog(answer)
    _ = gettext_of(request)
    return _closing(request, home, _("The project is renamed."))


@router.get("/projects/{project_id}/delete")
def ask_to_delete(request: Request, home: HomeHere, project_id: str) -> Response:
    """What would be lost."""
    known = home.projects.get(project_id)
    losses = home.projects.what_is_lost(project_id)
    busy = home.projects.card(project_id).working
    shown: dict[str, Any] = {"known": known, "losses": losses, "busy": busy, "refused": False}
    return render(request, "projects/_delete.html", **shown)


@router.post("/projects/{project_id}/delete")
def delete(request: Request, home: HomeHere, project_id: str) -> Response:
    """The cards without it; the dialog again, while a job is at work."""
    try:
        losses = home.projects.delete(project_id)
    except Conflict:
        known, losses = home.projects.get(project_id), home.projects.what_is_lost(project_id)
        shown = {"known": known, "losses": losses, "busy": True, "refused": True}
        answer = render(request, "projects/_delete.html", status=422, **shown)
        return _in_dialog(answer)
    _ = gettext_of(request)
    said = _("The project is off the list.") if losses.keeps_files else _("The project is deleted.")
    return _closing(request, home, said)


def _said(request: Request, error: RecipeError | NotFound) -> str:
    """What is wrong with a name, in the reader's language; anything else as `said` has it."""
    _ = gettext_of(request)
    if error.message == "a project needs a name":
        return _("A project needs a name.")
    if error.message.startswith("the name is longer"):
        return _("The name is too long.")
    return said_to(request, error.message)


def _in_dialog(answer: Response) -> Response:
    """The dialog anew, in the place that dialogs are put in."""
    answer.headers.update({"HX-Retarget": "#dialog", "HX-Reswap": "innerHTML"})
    return answer


def _closing(request: Request, home: Home, said: str) -> Response:
    answer = render(request, "projects/_cards.html", cards=home.projects.cards())
    return with_toast(answer, said, event="closeDialog")
