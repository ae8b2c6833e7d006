"""The models page: providers with their keys, base models, and what each project works with."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from pydantic import SecretStr, ValidationError

from loresmith.api.dependencies import HomeHere
from loresmith.errors import LoresmithError
from loresmith.web.rendering import render
from loresmith.web.said import said_to
from loresmith.workspace.costs import KnownPrices
from loresmith.workspace.home import Home
from loresmith.workspace.providers import (
    BaseModels,
    NewEndpoint,
    Providers,
    models_of,
    models_of_projects,
    teacher_lines,
)
from loresmith.workspace.setting_aside import questions_set_aside

router = APIRouter(prefix="/models")

Text = Annotated[str, Form(max_length=700)]


@router.get("")
def index(request: Request, home: HomeHere) -> Response:
    """All of it; what takes a call is asked for by a button."""
    return render(
        request,
        "models/index.html",
        page="models",
        providers=Providers(home).all(),
        prices=KnownPrices(home.settings.home).all(),
        base_models=BaseModels(home).all(),
        projects=models_of_projects(home),
    )


@router.post("/providers")
def add_provider(
    request: Request,
    home: HomeHere,
    name: Text = "",
    url: Text = "",
    model: Text = "",
    needs_key: Annotated[bool, Form()] = False,
) -> Response:
    """Adds an endpoint, or says which field is wrong."""
    given = {"name": name, "url": url, "model": model}
    try:
        wanted = NewEndpoint(**{**given, "needs_key": needs_key})
        Providers(home).add(wanted)
    except ValidationError as error:
        faults = {
            str(one["loc"][0]): one["msg"].removeprefix("Value error, ") for one in error.errors()
        }
    except LoresmithError as error:
        faults = {"url": f"{error.message}. {error.hint}".strip()}
    else:
        return Response(headers={"HX-Redirect": "/models"})
    faults = {field: said_to(request, words) for field, words in faults.items()}
    shown = given | {"needs_key": needs_key, "faults": faults}
    return render(request, "models/_new_provider.html", status=422, **shown)


@router.post("/providers/{provider_id}/key")
def set_key(
    request: Request, home: HomeHere, provider_id: str, key: Annotated[SecretStr, Form()]
) -> Response:
    """The provider's row anew; the key is not in it."""
    Providers(home).set_key(provider_id, key.get_secret_value())
    return _row(request, home, provider_id)


@router.post("/providers/{provider_id}/forget-key")
def forget_key(request: Request, home: HomeHere, provider_id: str) -> Response:
    """The provider's row anew."""
    Providers(home).forget_key(provider_id)
    return _row(request, home, provider_id)


@router.post("/providers/{provider_id}/remove")
def remove_provider(home: HomeHere, provider_id: str) -> Response:
    """Forgets an added endpoint and its key."""
    Providers(home).remove(provider_id)
    return Response(headers={"HX-Redirect": "/models"})


@router.post("/providers/{provider_id}/test")
def test_provider(request: Request, home: HomeHere, provider_id: str, model: Text = "") -> Response:
    """What a tiny call found."""
    found = Providers(home).test(provider_id, model)
    return render(request, "models/_diagnosis.html", found=found)


@router.get("/providers/{provider_id}/models")
def offered_models(request: Request, home: HomeHere, provider_id: str) -> Response:
    """What the provider says that it has; it is asked only when somebody wants to know."""
    found = Providers(home).models(provider_id)
    return render(request, "models/_offered.html", found=found, provider_id=provider_id)


@router.post("/base-models")
def add_base_model(request: Request, home: HomeHere, name: Text = "") -> Response:
    """Adds a hub's id, or says why it cannot be."""
    try:
        BaseModels(home).add(name)
    except LoresmithError as error:
        return render(request, "models/_new_base_model.html", status=422, name=name, error=error)
    return Response(headers={"HX-Redirect": "/models"})


@router.post("/base-models/check")
def check_base_model(request: Request, home: HomeHere, id: Text = "") -> Response:
    """Whether there is such a model and room for it."""
    try:
        found = BaseModels(home).check(id)
    except LoresmithError as error:
        return render(request, "models/_found.html", found=None, error=error)
    return render(request, "models/_found.html", found=found, error=None)


@router.post("/base-models/remove")
def remove_base_model(home: HomeHere, id: Text = "") -> Response:
    """Takes an id off the list."""
    BaseModels(home).remove(id)
    return Response(headers={"HX-Redirect": "/models"})


@router.post("/projects/{project_id}/teacher")
def choose_teacher(
    request: Request,
    home: HomeHere,
    project_id: str,
    provider: Text = "",
    model: Text = "",
    agreed: Annotated[bool, Form()] = False,
) -> Response:
    """Writes the teacher into the project's recipe, once it is agreed that questions are set aside;
    the project's row anew."""
    words = provider if provider == "embedded" else f"{provider}:{model}"
    workspace = home.workspace(project_id)
    try:
        wanted = {"teacher": Providers(home).teacher(words)}
        aside = 0 if agreed else questions_set_aside(workspace.project.folder, wanted)
        if not aside:
            Providers(home).choose_teacher(workspace, words)
    except LoresmithError as error:
        return _project(request, home, project_id, error=error)
    asked = None
    if aside:
        lines = teacher_lines(workspace.recipe.teacher)
        asked = {"aside": aside, "provider": provider, "model": model, "lines": lines}
    return _project(request, home, project_id, asked=asked)


@router.post("/projects/{project_id}/base-model")
def choose_base_model(request: Request, home: HomeHere, project_id: str, id: Text = "") -> Response:
    """Writes the base model into the project's recipe; the project's row anew."""
    try:
        BaseModels(home).choose(home.workspace(project_id), id)
    except LoresmithError as error:
        return _project(request, home, project_id, error=error)
    return _project(request, home, project_id)


def _row(request: Request, home: Home, provider_id: str) -> Response:
    provider = Providers(home).get(provider_id)
    return render(request, "models/_provider.html", provider=provider)


def _project(
    request: Request,
    home: Home,
    project_id: str,
    *,
    error: LoresmithError | None = None,
    asked: dict[str, Any] | None = None,
) -> Response:
    known = home.projects.get(project_id)
    one = models_of(home, home.workspace(project_id), project_id=project_id, name=known.name)
    return render(
        request,
        "models/_project.html",
        status=422 if error else 200,
        one=one,
        error=error,
        asked=asked,
        saved=error is None and asked is None,
        providers=Providers(home).all(),
        base_models=BaseModels(home).all(),
    )
