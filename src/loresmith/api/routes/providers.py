"""Providers of teachers, their keys (written, never shown), and the base models known here."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field, SecretStr

from loresmith.api.dependencies import HomeHere, ProjectHere, WorkspaceHere
from loresmith.api.paging import Page, PagingHere, page_of
from loresmith.records import Record
from loresmith.workspace.providers import (
    BaseModelFound,
    BaseModels,
    Diagnosis,
    KnownBaseModel,
    NewEndpoint,
    OfferedModels,
    ProjectModels,
    Provider,
    Providers,
    models_of,
)

router = APIRouter(prefix="/api/v1", tags=["models"])


class KeyGiven(Record):
    """A provider's key."""

    key: SecretStr = Field(max_length=4096, examples=["paste the key here"])
    """One line; it is kept encrypted and never sent back."""


class TestWanted(Record):
    """What a test call asks for."""

    model: str = Field(default="", max_length=200, examples=["deepseek-chat"])
    """Empty for the one that is proposed for an added endpoint."""


class TeacherWanted(Record):
    """A teacher in short."""

    teacher: str = Field(max_length=700, examples=["deepseek:deepseek-chat"])
    """`embedded`, `PROVIDER:MODEL`, or `PRESET:MODEL@URL` with the URL of an added endpoint."""


class BaseModelWanted(Record):
    """A base model by its id."""

    id: str = Field(max_length=220, examples=["Qwen/Qwen2.5-0.5B-Instruct"])
    """As the list has it, or OWNER/NAME of the hub, or modelscope:OWNER/NAME."""


@router.get("/providers", summary="All providers")
def list_providers(home: HomeHere, asked: PagingHere) -> Page[Provider]:
    """Those known by name, then those that were added; of keys only whether they are set."""
    return page_of(Providers(home).all(), asked)


@router.post("/providers", status_code=201, summary="Add an endpoint")
def add_provider(home: HomeHere, wanted: NewEndpoint) -> Provider:
    """Any server that answers chat completions in OpenAI's form."""
    return Providers(home).add(wanted)


@router.delete("/providers/{provider_id}", status_code=204, summary="Remove an added endpoint")
def remove_provider(home: HomeHere, provider_id: str) -> None:
    """Its key goes with it."""
    Providers(home).remove(provider_id)


@router.put("/providers/{provider_id}/key", summary="Set a provider's key")
def set_key(home: HomeHere, provider_id: str, given: KeyGiven) -> Provider:
    """Keeps it encrypted, in place of an earlier one; one in the environment wins over it."""
    return Providers(home).set_key(provider_id, given.key.get_secret_value())


@router.delete("/providers/{provider_id}/key", summary="Delete a provider's key")
def forget_key(home: HomeHere, provider_id: str) -> Provider:
    """One in the environment stays."""
    return Providers(home).forget_key(provider_id)


@router.post("/providers/{provider_id}/test", summary="Try one tiny call")
def test_provider(home: HomeHere, provider_id: str, wanted: TestWanted) -> Diagnosis:
    """Says plainly what is right or wrong: the name, the connection, the key, the model."""
    return Providers(home).test(provider_id, wanted.model)


@router.get("/providers/{provider_id}/models", summary="The models of a provider")
def list_offered_models(home: HomeHere, provider_id: str) -> OfferedModels:
    """Asks the provider; where it does not say, why not."""
    return Providers(home).models(provider_id)


@router.get("/base-models", summary="All base models known here")
def list_base_models(home: HomeHere, asked: PagingHere) -> Page[KnownBaseModel]:
    """The embedded one, folders of the models folder, and ids that were added."""
    return page_of(BaseModels(home).all(), asked)


@router.post("/base-models", status_code=201, summary="Add a hub's id to the list")
def add_base_model(home: HomeHere, wanted: BaseModelWanted) -> KnownBaseModel:
    """The hub is asked whether there is such a model; nothing is downloaded."""
    return BaseModels(home).add(wanted.id)


@router.post("/base-models/remove", status_code=204, summary="Take an id off the list")
def remove_base_model(home: HomeHere, wanted: BaseModelWanted) -> None:
    """What was downloaded stays."""
    BaseModels(home).remove(wanted.id)


@router.post("/base-models/check", summary="Is there such a model, and room for it?")
def check_base_model(home: HomeHere, wanted: BaseModelWanted) -> BaseModelFound:
    """Its size and what would be downloaded."""
    return BaseModels(home).check(wanted.id)


@router.get("/projects/{project_id}/models", summary="A project's teacher and base model")
def get_models(home: HomeHere, project: ProjectHere, workspace: WorkspaceHere) -> ProjectModels:
    """In the words that choosing takes."""
    return models_of(home, workspace, project_id=project.id, name=project.name)


@router.put("/projects/{project_id}/teacher", summary="Choose a project's teacher")
def choose_teacher(home: HomeHere, project: ProjectHere, wanted: TeacherWanted) -> ProjectModels:
    """Writes it into the project's recipe."""
    Providers(home).choose_teacher(home.workspace(project.id), wanted.teacher)
    return models_of(home, home.workspace(project.id), project_id=project.id, name=project.name)


@router.put("/projects/{project_id}/base-model", summary="Choose a project's base model")
def choose_base_model(
    home: HomeHere, project: ProjectHere, wanted: BaseModelWanted
) -> ProjectModels:
    """Writes it into the project's recipe, once it is known that there is such a model."""
    BaseModels(home).choose(home.workspace(project.id), wanted.id)
    return models_of(home, home.workspace(project.id), project_id=project.id, name=project.name)
