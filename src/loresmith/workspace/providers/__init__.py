"""Who answers: the providers of teachers with their keys, and the base models known here."""

from loresmith.models.diagnosis import Diagnosis, OfferedModels
from loresmith.models.limits.of_machine import EndpointLimits
from loresmith.workspace.providers.base_models import BaseModelFound, BaseModels, KnownBaseModel
from loresmith.workspace.providers.endpoints import NewEndpoint
from loresmith.workspace.providers.project_models import (
    ProjectModels,
    models_of,
    models_of_projects,
    teacher_lines,
)
from loresmith.workspace.providers.providers import Provider, Providers

__all__ = [
    "BaseModelFound",
    "BaseModels",
    "Diagnosis",
    "EndpointLimits",
    "KnownBaseModel",
    "NewEndpoint",
    "OfferedModels",
    "ProjectModels",
    "Provider",
    "Providers",
    "models_of",
    "models_of_projects",
    "teacher_lines",
]
