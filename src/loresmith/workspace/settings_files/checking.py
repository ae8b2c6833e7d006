"""Why: what would fail, or mislead, in a training by a file of settings is told beforehand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from loresmith.datasets.named import split_validation
from loresmith.devices import Device, detect_device
from loresmith.errors import DatasetError, LoresmithError, NotFound, RecipeError
from loresmith.llamafactory import (
    LlamaFactoryFile,
    Reading,
    Remark,
    faults_of_file,
    is_llamafactory_file,
    read_training_file,
    shape_of,
)
from loresmith.models.base_models import BaseModelFacts, check_base_model
from loresmith.records import Drop, TrainingRow
from loresmith.settings import load_settings
from loresmith.workspace.doctor import asked_of, training_findings
from loresmith.workspace.preflight import stage_obstacles, template_obstacles, training_obstacles
from loresmith.workspace.recipes import load_recipe
from loresmith.workspace.settings_files.named_rows import NamedRows, named_rows
from loresmith.workspace.training_process import process_count


class TrainingRows(NamedTuple):
    """What is learned, what is only measured, and what cannot be used."""

    learned: tuple[TrainingRow, ...]
    measured: tuple[TrainingRow, ...]
    drops: tuple[Drop, ...]


class CheckedFile(NamedTuple):
    """A file of settings with all that can be known of it before a model is loaded."""

    path: Path
    faults: tuple[str, ...]
    """All that stands in the way, each with the line that it stands in where there is one."""
    notes: tuple[str, ...] = ()
    """What is ignored, of the file and of its rows, and why."""
    file: LlamaFactoryFile | None = None
    """None for a recipe, and where the file itself has faults."""
    rows: TrainingRows | None = None
    """None for a recipe, whose rows are its project's, and where there are none."""
    model: BaseModelFacts | None = None


def check_file(path: Path, changes: Sequence[str] = ()) -> CheckedFile:
    """Looks at a LLaMA Factory file, or at a recipe, with `key=value` changes.

    Raises NotFound where there is no file, and RecipeError where it cannot be read at all.
    """
    if not path.is_file():
        raise NotFound(f"there is no file {path}", hint="Check the path.")
    if is_llamafactory_file(path):
        return check_llamafactory_file(path, changes)
    faults: list[str] = []
    try:
        recipe = load_recipe(path, changes)
    except RecipeError as error:
        if not error.faults:
            raise
        return CheckedFile(path, error.faults)
    model = _model(recipe.base_model, faults)
    faults += [f"training: {_told(error)}" for error in training_obstacles(recipe, model)]
    notes = [
        f"{found.message} ({found.hint})"
        for found in training_findings(recipe, model)
        if not found.wrong
    ]
    notes += [f"{told.message}: {told.hint}" for told in stage_obstacles(recipe)]
    return CheckedFile(path, tuple(faults), tuple(notes), model=model)


def check_llamafactory_file(path: Path, changes: Sequence[str] = ()) -> CheckedFile:
    """Looks at the settings, the rows and the base model of a LLaMA Factory file.

    Raises RecipeError where it cannot be read at all.
    """
    reading = read_training_file(path, changes)
    settings, faults = reading.settings, [*reading.faults]
    notes = [str(note) for note in reading.notes]
    rows = _rows(reading, faults, notes)
    model, troubles = None, list[str]()
    if settings["model_name_or_path"]:
        model = _model(settings["model_name_or_path"], troubles)
    faults += [settings.remark("model_name_or_path", told) for told in troubles]
    if model is not None and reading.file is not None:
        faults += [
            settings.remark("template", _told(error))
            for error in template_obstacles(reading.file.recipe, model)
        ]
        faults += [
            settings.remark("finetuning_type", _told(error))
            for error in training_obstacles(reading.file.recipe, model)
        ]
    _add_traps(reading, model, faults, notes)
    told = tuple(map(str, sorted(faults)))
    return CheckedFile(path, told, tuple(notes), reading.file, rows, model)


def device_for(checked: CheckedFile) -> tuple[Device, str]:
    """What would be trained on, and why that cannot be; empty where nothing speaks against it."""
    device = detect_device()
    parameters = checked.model.parameters if checked.model else None
    if not parameters:
        return device, ""
    least = 2 * parameters  # in bf16, and nothing but the weights
    if least <= device.memory_bytes:
        return device, ""
    return device, (
        f"the weights alone take {least / 1e9:.0f} GB, and {device.name} has "
        f"{device.memory_bytes / 1e9:.0f} GB: take a smaller base model or a larger device"
    )


def refuse_faults(checked: CheckedFile) -> tuple[LlamaFactoryFile, TrainingRows]:
    """What to train by; raises RecipeError that names every fault."""
    if checked.file is None or checked.rows is None or checked.faults:
        raise faults_of_file(checked.path, checked.faults)
    return checked.file, checked.rows


def _rows(reading: Reading, faults: list[Remark], notes: list[str]) -> TrainingRows | None:
    """The rows of the datasets; None where they cannot be read, which is added to `faults`."""
    settings = reading.settings
    if not settings["dataset"]:
        return None
    most = _streamed(reading, notes)
    learned = _named(reading, "dataset", faults, most=most)
    measured = _named(reading, "eval_dataset", faults)
    if learned is None or measured is None:
        return None
    notes += [*learned.warnings, *measured.warnings]
    rows = TrainingRows(learned.rows, measured.rows, (*learned.drops, *measured.drops))
    if settings["val_size"] > 0 and not settings["eval_dataset"]:
        return _split(reading, rows, faults)
    return rows


def _streamed(reading: Reading, notes: list[str]) -> int | None:
    """How many rows a training by `streaming` reads: as many as its steps learn from, and those
    that these are drawn among. None where all are read."""
    settings, file = reading.settings, reading.file
    max_steps = file.recipe.training.max_steps if file is not None else None
    if not settings["streaming"] or file is None or max_steps is None:
        return None
    if settings["stage"] == "pt":
        told = "texts are read whole: only their tokens tell how many rows they fill"
        notes.append(str(settings.remark("streaming", told)))
        return None
    training = file.recipe.training
    try:
        processes = process_count(training, detect_device(), batch_of_each=True)
    except RecipeError:  # told when they are started
        return None
    size: float = settings["val_size"]
    measured = 0 if settings["eval_dataset"] or size < 1 else math.ceil(size)
    buffered: int = settings["buffer_size"]
    most = max_steps * training.batch_size * processes + buffered + measured
    told = f"the first {most:,} rows are read, those of max_steps steps and buffer_size more"
    notes.append(str(settings.remark("streaming", told)))
    return most


def _named(
    reading: Reading, key: str, faults: list[Remark], *, most: int | None = None
) -> NamedRows | None:
    """The rows of the datasets that are named under `key`; no more than `most`."""
    settings = reading.settings
    if not settings[key]:
        return NamedRows((), ())
    try:
        return named_rows(
            settings[key],
            Path(settings["dataset_dir"]).expanduser(),
            shape=shape_of(settings["stage"]),
            max_samples=settings["max_samples"],
            most=most,
            mix_strategy=settings["mix_strategy"] if key == "dataset" else "concat",
            interleave_probs=settings["interleave_probs"] or (),
            seed=settings["seed"],
            default_system=settings["default_system"],
        )
    except RecipeError as error:
        told = "; ".join(error.faults) or _told(error)
        faults.append(settings.remark(key, told))
        return None


def _split(reading: Reading, rows: TrainingRows, faults: list[Remark]) -> TrainingRows | None:
    """Takes rows that are only measured out of those that are learned; the seed draws them."""
    settings = reading.settings
    try:
        split = split_validation(rows.learned, settings["val_size"], seed=settings["seed"])
    except DatasetError as error:
        faults.append(settings.remark("val_size", _told(error).removeprefix("val_size: ")))
        return None
    return TrainingRows(split.train, split.validation, rows.drops)


def _model(name: str, faults: list[str]) -> BaseModelFacts | None:
    """What is known of a base model; None where it cannot be had, which is added to `faults`."""
    try:
        return check_base_model(name, load_settings())
    except LoresmithError as error:
        faults.append(_told(error))
    return None


def _add_traps(
    reading: Reading, model: BaseModelFacts | None, faults: list[Remark], notes: list[str]
) -> None:
    """What is known to go wrong with this model and these keys, also where the file has faults."""
    settings = reading.settings
    recipe = reading.file.recipe if reading.file is not None else None
    known = {fault.told for fault in faults}
    for found in training_findings(recipe, model, asked=asked_of(settings)):
        told = f"{found.message} ({found.hint})"
        if not found.wrong:
            notes.append(told)
        elif told not in known:
            faults.append(settings.remark("model_name_or_path", told))


def _told(error: LoresmithError) -> str:
    return f"{error.message} ({error.hint})" if error.hint else error.message
