"""Why: whoever has files for LLaMA Factory trains by them as they stand, and is told the rest."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from loresmith.errors import RecipeError
from loresmith.llamafactory.arguments import arguments_by_key
from loresmith.llamafactory.checks import check_settings, ignored_settings
from loresmith.llamafactory.given import GivenSettings, Remark, read_given, top_level_keys
from loresmith.llamafactory.translation import recipe_data
from loresmith.llamafactory.verdicts import VERDICTS
from loresmith.recipe import Recipe

_LONGEST_FILE = 200_000
"""In bytes: what is longer is no file of settings."""


class LlamaFactoryFile(NamedTuple):
    """What a file asks for: a recipe, and what no recipe holds."""

    recipe: Recipe
    stage: str
    datasets: tuple[str, ...]
    """Names in dataset_info.json."""
    eval_datasets: tuple[str, ...]
    dataset_dir: Path
    mix_strategy: str
    interleave_probs: tuple[float, ...]
    max_samples: int | None
    """Rows of each dataset at most."""
    val_size: float
    """Below 1 a share of the rows, else a number of them."""
    default_system: str | None
    """A system message for rows without one."""
    template: str | None
    output_dir: Path
    overwrite_output_dir: bool
    notes: tuple[Remark, ...]
    """What was ignored, and why."""


class Reading(NamedTuple):
    """A file as far as it could be read; `file` is there when there are no faults."""

    settings: GivenSettings
    faults: tuple[Remark, ...]
    notes: tuple[Remark, ...]
    file: LlamaFactoryFile | None


def is_llamafactory_file(path: Path) -> bool:
    """Whether most keys of a YAML or JSON file are LLaMA Factory's and not those of a recipe."""
    try:
        if path.suffix.lower() not in (".yaml", ".yml", ".json"):
            return False
        if path.stat().st_size > _LONGEST_FILE:
            return False
        keys = set(top_level_keys(path.read_text(encoding="utf-8-sig")))
    except (OSError, UnicodeDecodeError):
        return False
    theirs, ours = set(arguments_by_key()), set(Recipe.model_fields)
    return len(keys & (theirs - ours)) > len(keys & (ours - theirs))


def read_training_file(path: Path, changes: Iterable[str] = ()) -> Reading:
    """Reads a file and `key=value` changes. Raises RecipeError where it cannot be read at all."""
    settings = read_given(path, changes)
    check_settings(settings)
    recipe = _recipe(settings)
    faults = tuple(sorted(settings.faults))
    notes = tuple(ignored_settings(settings))
    file = None if faults or recipe is None else _file(settings, recipe, notes)
    return Reading(settings, faults, notes, file)


def load_training_file(path: Path, changes: Iterable[str] = ()) -> LlamaFactoryFile:
    """What the file asks for. Raises RecipeError that names every fault with its line."""
    reading = read_training_file(path, changes)
    if reading.file is None:
        raise faults_of_file(path, reading.faults)
    return reading.file


def faults_of_file(path: Path, faults: Iterable[Remark | str]) -> RecipeError:
    """One error for all of them."""
    lines = [str(fault) for fault in faults]
    count = "1 fault" if len(lines) == 1 else f"{len(lines)} faults"
    return RecipeError(
        f"the LLaMA Factory file {path} has {count}:",
        faults=lines,
        hint="docs/reference/llamafactory.md says what becomes of every key.",
    )


def _recipe(settings: GivenSettings) -> Recipe | None:
    """The recipe; None where it would have faults, which are added to those of `settings`."""
    if settings["finetuning_type"] == "oft":
        return None
    data = recipe_data(settings)
    try:
        return Recipe.build(data)
    except RecipeError as error:
        for fault in error.faults:
            _add_fault_of_recipe(settings, fault)
    return None


def _add_fault_of_recipe(settings: GivenSettings, fault: str) -> None:
    """Tells what is wrong with a recipe of the setting that it comes from."""
    path, _, told = fault.partition(": ")
    path = path.replace(f"training.{settings['finetuning_type']}", "training")
    keys = [key for key, verdict in VERDICTS.items() if path in verdict.paths]
    given = [key for key in keys if settings.was_given(key)] or keys or ["finetuning_type"]
    settings.fault(given[-1], f"{told} (as {path} of a recipe)")


def _file(settings: GivenSettings, recipe: Recipe, notes: tuple[Remark, ...]) -> LlamaFactoryFile:
    return LlamaFactoryFile(
        recipe=recipe,
        stage=settings["stage"],
        datasets=settings["dataset"],
        eval_datasets=settings["eval_dataset"] or (),
        dataset_dir=Path(settings["dataset_dir"]).expanduser(),
        mix_strategy=settings["mix_strategy"],
        interleave_probs=settings["interleave_probs"] or (),
        max_samples=settings["max_samples"],
        val_size=settings["val_size"],
        default_system=settings["default_system"],
        template=settings["template"],
        output_dir=Path(settings["output_dir"]).expanduser(),
        overwrite_output_dir=settings["overwrite_output_dir"],
        notes=notes,
    )
