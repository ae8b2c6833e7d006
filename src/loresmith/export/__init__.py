"""What a training made, written in the form that another program takes it in."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from loresmith.component import any_instance_of
from loresmith.export.adapter import AdapterFolder
from loresmith.export.base import Artifact, Exporter, Source
from loresmith.export.merged import Merged

AnyExporter = Annotated[
    Annotated[Merged | AdapterFolder, Field(discriminator="type")], any_instance_of(Exporter)
]
"""The forms that can be asked for by name."""

__all__ = ["AdapterFolder", "AnyExporter", "Artifact", "Exporter", "Merged", "Source"]
