"""Why: a LLaMA Factory file becomes a recipe for who goes on with Loresmith."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from loresmith.errors import Conflict, RecipeError
from loresmith.llamafactory import as_recipe_yaml, is_llamafactory_file, load_training_file
from loresmith.whole_files import write_whole


def convert_file(path: Path, changes: Sequence[str] = (), *, output: Path | None = None) -> str:
    """The recipe of a LLaMA Factory file as YAML, which is also written to `output`.

    Raises RecipeError that names every fault, and Conflict rather than overwrite a file.
    """
    if not path.is_file():
        raise RecipeError(f"there is no file {path}", hint="Check the path.")
    if not is_llamafactory_file(path):
        raise RecipeError(f"{path} is no LLaMA Factory file: none of its keys are its")
    text = as_recipe_yaml(load_training_file(path, changes), source=path)
    if output is not None:
        if output.exists():
            raise Conflict(f"{output} exists", hint="Name another --output, or delete that file.")
        write_whole(output, text)
    return text
