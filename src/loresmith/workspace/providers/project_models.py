"""Which teacher and base model each project has, for the page that shows all models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loresmith.errors import LoresmithError
from loresmith.models import ModelSpec, OpenAICompatible
from loresmith.records import Record
from loresmith.workspace.providers.base_models import BaseModels
from loresmith.workspace.providers.providers import Providers

if TYPE_CHECKING:
    from loresmith.workspace.home import Home
    from loresmith.workspace.workspace import Workspace


class ProjectModels(Record):
    """The models of one project."""

    project_id: str
    project: str
    """The project's name."""
    teacher: str
    """`embedded`, `recorded`, or the provider's id and the model: `deepseek:deepseek-chat`."""
    base_model: str
    """As the list of base models has it."""
    problem: str = ""
    """Why its recipe cannot be read; the models are empty then."""


def models_of_projects(home: Home) -> tuple[ProjectModels, ...]:
    """All projects, oldest first; one with a broken recipe says so and stops no other."""
    return tuple(_of(home, known.id, known.name) for known in home.projects.all())


def models_of(home: Home, workspace: Workspace, *, project_id: str, name: str) -> ProjectModels:
    """One project's models."""
    recipe = workspace.recipe
    return ProjectModels(
        project_id=project_id,
        project=name,
        teacher=teacher_words(Providers(home), recipe.teacher),
        base_model=BaseModels(home).id_of(recipe.base_model),
    )


def teacher_words(providers: Providers, spec: ModelSpec) -> str:
    """A teacher in short: what `Providers.teacher` reads, where its endpoint is known."""
    if not isinstance(spec, OpenAICompatible):
        return str(getattr(spec, "type", ""))
    at = next((one for one in providers.all() if one.url == spec.base_url and one.added), None)
    if at is not None:
        return f"{at.id}:{spec.model}"
    return f"{spec.preset}:{spec.model}" + (f"@{spec.url}" if spec.url else "")


def teacher_lines(spec: ModelSpec) -> str:
    """The lines of a recipe that name a teacher, defaults left out."""
    import yaml

    changed = spec.model_dump(mode="json", exclude_defaults=True)
    said = {"type": getattr(spec, "type", ""), **changed}
    return yaml.safe_dump({"teacher": said}, allow_unicode=True, sort_keys=False)


def _of(home: Home, project_id: str, name: str) -> ProjectModels:
    try:
        return models_of(home, home.workspace(project_id), project_id=project_id, name=name)
    except LoresmithError as error:
        return ProjectModels(
            project_id=project_id, project=name, teacher="", base_model="", problem=error.message
        )
