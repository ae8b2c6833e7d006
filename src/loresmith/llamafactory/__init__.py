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
from loresmith.llamafactory.use_files import (
    InferenceFile,
    MergeFile,
    PredictFile,
    load_inference_file,
    load_merge_file,
    load_predict_file,
)

__all__ = [
    "GivenSettings",
    "InferenceFile",
    "LlamaFactoryFile",
    "MergeFile",
    "PredictFile",
    "Reading",
    "Remark",
    "as_recipe_yaml",
    "faults_of_file",
    "is_llamafactory_file",
    "load_inference_file",
    "load_merge_file",
    "load_predict_file",
    "load_training_file",
    "read_training_file",
    "recipe_data",
    "shape_of",
]
