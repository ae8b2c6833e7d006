"""Chat models: hosted, recorded, scripted or computed here; one type, one cache, one way to ask."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from loresmith.component import any_instance_of
from loresmith.models.base import ChatModel, Sampling
from loresmith.models.embedded import Embedded
from loresmith.models.hosted import OpenAICompatible
from loresmith.models.presets import parse_teacher
from loresmith.models.recorded import Recorded
from loresmith.models.spec import ModelSpec

AnyModelSpec = Annotated[
    Annotated[
        # One member a line; each has its own `type`.
        OpenAICompatible | Recorded | Embedded,
        Field(discriminator="type"),
    ],
    any_instance_of(ModelSpec),
]

__all__ = [
    "AnyModelSpec",
    "ChatModel",
    "Embedded",
    "ModelSpec",
    "OpenAICompatible",
    "Recorded",
    "Sampling",
    "parse_teacher",
]
