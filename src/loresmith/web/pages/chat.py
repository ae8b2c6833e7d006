"""The page Chat: base and tuned model side by side, with the figures of their answers checked.

The conversation lives in the browser; replies come from the API, piece by piece.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from loresmith.api.dependencies import ProjectHere
from loresmith.api.replies import ChatsHere
from loresmith.errors import ModelError
from loresmith.web.rendering import render
from loresmith.workspace.chat import Chats, ServedModel
from loresmith.workspace.projects import KnownProject

router = APIRouter(prefix="/projects/{project_id}/chat")


@router.get("")
def chat(request: Request, project: ProjectHere, chats: ChatsHere, run: str = "") -> Response:
    """The newest run beside its base, or the run that the address names."""
    models = chats.models(project.id)
    tuned = [model for model in models if model.kind == "tuned"]
    right = next((model for model in tuned if model.run_id == run), tuned[0] if tuned else None)
    left = _base_beside(models, right)
    return render(
        request,
        "chat/index.html",
        page="chat",
        project=project,
        models=models,
        loaded=chats.loaded(),
        left=left.id if left else "",
        right=right.id if right else "",
        any_tuned=bool(tuned),
        failure=None,
    )


@router.get("/models")
def models_in_memory(request: Request, project: ProjectHere, chats: ChatsHere) -> Response:
    """What is loaded, with its memory."""
    return _memory(request, project, chats)


@router.post("/load")
def load(
    request: Request, project: ProjectHere, chats: ChatsHere, model: Annotated[str, Form()]
) -> Response:
    """Loads a model; what went wrong stands beside the models, as it may stay so."""
    try:
        chats.load(chats.model(model, project_id=project.id).id)
    except ModelError as error:
        return _memory(request, project, chats, failure=error)
    return _memory(request, project, chats)


@router.post("/unload")
def unload(
    request: Request, project: ProjectHere, chats: ChatsHere, model: Annotated[str, Form()]
) -> Response:
    """Frees a model."""
    chats.unload(chats.model(model, project_id=project.id).id)
    return _memory(request, project, chats)


def _memory(
    request: Request, project: KnownProject, chats: Chats, *, failure: ModelError | None = None
) -> Response:
    return render(
        request,
        "chat/_models.html",
        project=project,
        models=chats.models(project.id),
        loaded=chats.loaded(),
        failure=failure,
    )


def _base_beside(models: list[ServedModel], tuned: ServedModel | None) -> ServedModel | None:
    """The base of `tuned`; the first base where there is nothing tuned."""
    bases = [model for model in models if model.kind == "base"]
    own = [model for model in bases if tuned is not None and model.id == tuned.base]
    return next(iter([*own, *bases]), None)
