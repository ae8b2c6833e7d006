"""Files of settings that are no project: looked at, trained by, and put into our own words."""

from __future__ import annotations

from loresmith.llamafactory import (
    is_llamafactory_file,
    load_inference_file,
    load_merge_file,
    load_predict_file,
)
from loresmith.workspace.settings_files.answering import (
    candidate_of,
    predict_by_file,
    served_candidate,
)
from loresmith.workspace.settings_files.checking import (
    CheckedFile,
    check_file,
    check_llamafactory_file,
    device_for,
)
from loresmith.workspace.settings_files.converting import convert_file
from loresmith.workspace.settings_files.training import train_checked_file

__all__ = [
    "CheckedFile",
    "candidate_of",
    "check_file",
    "check_llamafactory_file",
    "convert_file",
    "device_for",
    "is_llamafactory_file",
    "load_inference_file",
    "load_merge_file",
    "load_predict_file",
    "predict_by_file",
    "served_candidate",
    "train_checked_file",
]
