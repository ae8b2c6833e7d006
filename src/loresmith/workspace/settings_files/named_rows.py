"""Why: LLaMA Factory's users name their datasets in a dataset_info.json; these are their rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from loresmith.component import content_id
from loresmith.datasets import read_rows
from loresmith.errors import DatasetError, RecipeError
from loresmith.records import Drop, Example, Message

_INFO = "dataset_info.json"
_KNOWN_KEYS = {"file_name", "formatting"}


class NamedRows(NamedTuple):
    """The rows of several datasets, and those that cannot be used."""

    examples: tuple[Example, ...]
    drops: tuple[Drop, ...]
    warnings: tuple[str, ...] = ()
    """What was found in the files and not read."""


def named_rows(
    names: Sequence[str],
    folder: Path,
    *,
    max_samples: int | None = None,
    mix_strategy: str = "concat",
    interleave_probs: Sequence[float] = (),
    seed: int = 42,
    default_system: str | None = None,
) -> NamedRows:
    """The first `max_samples` rows of each dataset that `folder`'s dataset_info.json names.

    A row without a system message gets `default_system`. Raises RecipeError with what is wrong
    with every name.
    """
    del interleave_probs, seed  # nothing is drawn where one dataset follows the other
    faults: list[str] = []
    if mix_strategy != "concat" and len(names) > 1:
        faults.append(f"mix_strategy {mix_strategy} is not there yet: use concat")
    described = _described(folder)
    examples: list[Example] = []
    drops: list[Drop] = []
    for name in names:
        try:
            read = read_rows(_file(name, described, folder))
        except DatasetError as error:
            faults.append(f"{name}: {error.message}" + f" ({error.hint})" * bool(error.hint))
            continue
        examples += read.examples[:max_samples]
        drops += read.drops
    if faults:
        raise RecipeError(f"the datasets in {folder} cannot be used:", faults=faults)
    if default_system is not None:
        examples = [_with_system(example, default_system) for example in examples]
    return NamedRows(tuple(examples), tuple(drops))


def _described(folder: Path) -> dict[str, Any]:
    """What dataset_info.json holds."""
    path = folder / _INFO
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        told = f"{path} cannot be read: {error.strerror}"
        hint = "dataset_dir counts from the folder that the command is given in."
        raise RecipeError(told, hint=hint) from error
    except ValueError as error:
        raise RecipeError(f"{path} is not valid JSON: {error}") from error
    if not isinstance(found, dict):
        raise RecipeError(f"{path} holds something else than an object of datasets")
    return found


def _file(name: str, described: dict[str, Any], folder: Path) -> Path:
    """The file of a dataset. Raises DatasetError where it has none that can be read."""
    entry = described.get(name)
    if not isinstance(entry, dict):
        raise DatasetError(f"{_INFO} does not name it", hint=f"it names {', '.join(described)}")
    if "file_name" not in entry:
        raise DatasetError("it has no file_name: only files of rows are read")
    strange = [key for key in entry if key not in _KNOWN_KEYS]
    if strange:
        raise DatasetError(f"its {', '.join(strange)} is not read yet")
    path = folder / str(entry["file_name"])
    if not path.is_file():
        raise DatasetError(f"there is no file {path}")
    return path


def _with_system(example: Example, system: str) -> Example:
    if example.messages[0].role == "system":
        return example
    messages = (Message(role="system", content=system), *example.messages)
    changed = {"messages": messages, "id": content_id("system", example.id, system)}
    return example.model_copy(update=changed)
