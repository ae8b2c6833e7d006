"""LLaMA Factory's files of settings: read as they stand, checked, and told in our own words."""

from __future__ import annotations

from loresmith.llamafactory.conversion import as_recipe_yaml
from loresmith.llamafactory.given import GivenSettings, Remark
from loresmith.llamafactory.stages import shape_of
from loresmith.llamafactory.training_file import (
    LlamaFactoryFile,
    Reading,
    faults_of_file,
    is_llamafactory_file,
    load_training_file,
    read_training_file,
)
from loresmith.llamafactory.translation import recipe_data

__all__ = [
    "GivenSettings",
    "LlamaFactoryFile",
    "Reading",
    "Remark",
    "as_recipe_yaml",
    "faults_of_file",
    "is_llamafactory_file",
    "load_training_file",
    "read_training_file",
    "recipe_data",
    "shape_of",
]
