"""Why: who stays gets a recipe that says in our words what their file said in LLaMA Factory's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from loresmith.llamafactory.training_file import LlamaFactoryFile


def as_recipe_yaml(file: LlamaFactoryFile, *, source: Path) -> str:
    """The recipe of `file` as YAML that loads to it, with what it cannot hold in comments."""
    lines = [
        f"# Made from the LLaMA Factory file {source.name}. What is not here holds by default.",
        "#",
        "# A recipe does not name rows and places. The file named:",
        *(f"#   {name}: {_plain(value)}" for name, value in _outside(file).items()),
        "# Train by this recipe on a file of rows with:",
        "#   loresmith train ROWS.json --recipe THIS_FILE --output DIR",
        "",
        _yaml(_asked_for(file)).rstrip(),
    ]
    if file.notes:
        lines += ["", "# Not taken over:", *(f"#   {note.key}: {note.told}" for note in file.notes)]
    return "\n".join(lines) + "\n"


def _outside(file: LlamaFactoryFile) -> dict[str, Any]:
    """What was asked for and is no setting of a recipe."""
    told = {
        "dataset": ", ".join(file.datasets),
        "eval_dataset": ", ".join(file.eval_datasets),
        "dataset_dir": str(file.dataset_dir),
        "max_samples": file.max_samples,
        "val_size": file.val_size,
        "default_system": file.default_system,
        "output_dir": str(file.output_dir),
    }
    return {name: value for name, value in told.items() if value}


def _asked_for(file: LlamaFactoryFile) -> dict[str, Any]:
    """What the file, or LLaMA Factory by default, decides of the recipe; the `type` first."""
    data = file.recipe.model_dump(mode="json", exclude_unset=True)
    training = data.pop("training")
    return {**data, "training": {"type": training["type"], **training}}


def _plain(value: Any) -> str:
    return " ".join(str(value).split())


def _yaml(data: dict[str, Any]) -> str:
    return str(yaml.safe_dump(data, allow_unicode=True, sort_keys=False))
