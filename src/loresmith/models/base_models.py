"""Why: the name of a base model in a recipe becomes a folder of weights, or one clear error.

A name is `embedded`, a local folder, `modelscope:ID`, or the id of a model on the hub of Hugging
Face (`HF_ENDPOINT` names a mirror; `USE_MODELSCOPE_HUB=1` looks ids up at ModelScope).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from loresmith.errors import ModelUnavailable
from loresmith.models.base_model_facts import BaseModelFacts, free_bytes
from loresmith.models.build_once import is_built
from loresmith.models.embedded import (
    EMBEDDED_BYTES,
    EMBEDDED_FOLDER,
    EMBEDDED_PARAMETERS,
    fetch_embedded,
)
from loresmith.models.hub import describe_on_hub, fetch_file_from_hub, fetch_from_hub
from loresmith.models.modelscope import describe_on_modelscope, fetch_from_modelscope
from loresmith.models.weights import describe_folder
from loresmith.settings import Settings

__all__ = [
    "BaseModelFacts",
    "check_base_model",
    "describe_base_model",
    "folder_of_config",
    "folder_of_tokenizer",
    "require_disk_for",
    "resolve_base_model",
]

_MODELSCOPE = "modelscope:"
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?")


def describe_base_model(name: str, settings: Settings) -> BaseModelFacts:
    """What is known of a base model before anything is downloaded; answers within seconds.

    Raises ModelUnavailable when there is no such model, or nobody can be asked.
    """
    if name == "embedded":
        return _describe_embedded(settings)
    folder = Path(name).expanduser()
    if folder.exists() or _is_path(name):
        return describe_folder(folder, name=name)
    modelscope_id = _modelscope_id(name)
    if not _HUB_ID.fullmatch(modelscope_id or name):
        raise ModelUnavailable(
            f"{name!r} names no base model",
            hint="Use embedded, a folder, modelscope:OWNER/NAME, or an id such as "
            "Qwen/Qwen2.5-0.5B-Instruct.",
        )
    if modelscope_id is not None:
        return describe_on_modelscope(modelscope_id, settings)
    return describe_on_hub(name)


def check_base_model(name: str, settings: Settings) -> BaseModelFacts:
    """Like `describe_base_model`, and raises ModelUnavailable also when the disk has no room."""
    facts = describe_base_model(name, settings)
    require_disk_for(facts)
    return facts


def require_disk_for(facts: BaseModelFacts) -> None:
    """Raises ModelUnavailable where the disk has no room for what would be downloaded."""
    if not facts.fits_disk:
        raise ModelUnavailable(
            f"the base model {facts.name!r} needs {facts.bytes_to_download / 1e9:.1f} GB more on "
            f"the disk of {facts.folder}, which has {facts.bytes_free / 1e9:.1f} GB free",
            hint="Free some space, take a smaller model, or move the cache to another disk "
            "(LORESMITH_HOME, and HF_HOME for models of the hub).",
        )


def resolve_base_model(
    name: str, settings: Settings, *, on_progress: Callable[[str], None] | None = None
) -> Path:
    """The folder of a base model in Hugging Face's layout; downloads what is missing, once.

    `on_progress` hears in words what is being done. Raises ModelUnavailable.
    """
    if name == "embedded":
        return fetch_embedded(settings, on_progress=on_progress)
    facts = check_base_model(name, settings)
    if facts.source == "folder" or facts.bytes_to_download == 0:
        return facts.folder
    modelscope_id = _modelscope_id(name)
    if modelscope_id is not None:
        return fetch_from_modelscope(modelscope_id, settings, on_progress=on_progress)
    return fetch_from_hub(name, on_progress=on_progress)


def folder_of_config(facts: BaseModelFacts, settings: Settings) -> Path:
    """A folder with the config.json of this model; of the hub's, it alone is downloaded.

    Raises ModelUnavailable where it cannot be had without the whole model.
    """
    if (facts.folder / "config.json").is_file():
        return facts.folder
    if facts.source == "embedded":
        return fetch_embedded(settings)
    if facts.source == "hub":
        return fetch_file_from_hub(facts.name, "config.json")
    raise ModelUnavailable(
        f"the config.json of {facts.name!r} is not here, and nothing is known without it",
        hint="Fetch the model first, for example by a training with max_steps 1.",
    )


def folder_of_tokenizer(name: str, settings: Settings) -> Path:
    """A folder with the tokenizer.json of this model; of the hub's, it alone is downloaded.

    Raises ModelUnavailable where the model has none, or cannot be had.
    """
    folder = Path(name).expanduser()
    if not (folder.is_dir() or _is_path(name)) or name == "embedded":
        if name != "embedded" and _modelscope_id(name) is None and _HUB_ID.fullmatch(name):
            return fetch_file_from_hub(name, "tokenizer.json")
        folder = resolve_base_model(name, settings)
    if not (folder / "tokenizer.json").is_file():
        raise ModelUnavailable(
            f"{folder} has no tokenizer.json",
            hint="Name a model whose tokenizer is alike and lies in one.",
        )
    return folder


def _describe_embedded(settings: Settings) -> BaseModelFacts:
    folder = settings.models / EMBEDDED_FOLDER
    return BaseModelFacts(
        name="embedded",
        source="embedded",
        folder=folder,
        parameters=EMBEDDED_PARAMETERS,
        bytes_to_download=0 if is_built(folder) else EMBEDDED_BYTES,
        bytes_free=free_bytes(folder),
    )


def _modelscope_id(name: str) -> str | None:
    if name.startswith(_MODELSCOPE):
        return name.removeprefix(_MODELSCOPE)
    wanted = os.environ.get("USE_MODELSCOPE_HUB", "").lower() in ("1", "true")
    return name if wanted else None


def _is_path(name: str) -> bool:
    return name.startswith(("/", "./", "../", "~", ".\\", "..\\")) or "\\" in name
