"""Trains by a LLaMA Factory file as it stands; the result lies in output_dir as its users know."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from loresmith.errors import AnotherTrainingError, Conflict
from loresmith.llamafactory import LlamaFactoryFile
from loresmith.models.base_models import resolve_base_model
from loresmith.recipe import Recipe
from loresmith.settings import load_settings
from loresmith.training import TrainingResult
from loresmith.whole_files import write_whole
from loresmith.workspace.file_training import FileTraining, training_progress
from loresmith.workspace.model_card import card_language, write_run_card
from loresmith.workspace.progress import Progress, ProgressListener, silent
from loresmith.workspace.rank_processes import writes_results
from loresmith.workspace.run_notes import note_run, noted_base
from loresmith.workspace.settings_files.checking import CheckedFile, refuse_faults
from loresmith.workspace.training_process import TrainingTask, train_in_child

_OURS = (
    *("adapter", "model", "attempt-*", "best-*", "*.part", "task.json", "training*.json"),
    *("*_results.json", "trainer_log.jsonl", "training_loss.png", "run.json"),
    "training_measures.png",
    *("reference.json", "sample.txt", "sample.json", "tokens-*.json"),
    *("recipe.yaml", "environment.json", "README.md"),
    *("practice_log.jsonl", "samples.jsonl"),
)
_DELIVERED = ("adapter_config.json", "config.json")


def train_checked_file(
    checked: CheckedFile, *, on_progress: ProgressListener = silent
) -> FileTraining:
    """Trains by a file that was looked at with `check_llamafactory_file`.

    Run again it goes on where it was stopped, or returns what was finished. Raises RecipeError
    that names every fault of the file, its datasets and its model, and Conflict where output_dir
    holds something else and overwrite_output_dir is not true.
    """
    file, rows = refuse_faults(checked)
    base = resolve_base_model(
        file.recipe.base_model,
        load_settings(),
        on_progress=lambda words: on_progress(Progress("fetch", 0, 0, words)),
    )
    task = TrainingTask(
        training=file.recipe.training,
        base=str(base.absolute()),
        seed=file.recipe.seed,
        examples=rows.learned,
        validation=rows.measured,
        batch_of_each=True,
    )
    result = _train(file, task, on_progress)
    drops = (*rows.drops, *result.dropped)
    done = FileTraining(file.output_dir, result.rows, result.steps, drops)
    if not writes_results():
        return done._replace(told_by_another=True)
    _lay_out(file.output_dir, file.recipe, result)
    write_run_card(file.output_dir, language=card_language(task.examples))
    return done


def _train(
    file: LlamaFactoryFile, task: TrainingTask, on_progress: ProgressListener
) -> TrainingResult:
    """Trains in output_dir; what another training left there gives way, if that is wanted."""
    folder, wanted = file.output_dir.absolute(), file.overwrite_output_dir
    ours = (folder / "task.json").exists()
    if not wanted and not ours and any((folder / name).exists() for name in _DELIVERED):
        raise Conflict(f"output_dir {folder} holds weights of another training", hint=_OVERWRITE)

    def train() -> TrainingResult:
        return train_in_child(
            task,
            folder,
            on_progress=lambda progress: on_progress(training_progress(progress)),
            check=lambda: None,
        )

    try:
        return train()
    except AnotherTrainingError as error:
        if not wanted:
            raise Conflict(error.message, hint=_OVERWRITE) from error
    if writes_results():
        _clear(folder)
    return train()


_OVERWRITE = "Name another output_dir, or add overwrite_output_dir=true to replace it."


def _clear(folder: Path) -> None:
    """Deletes what a training of ours left in `folder`, and nothing else."""
    for delivered in (folder / "adapter", folder / "model"):
        for found in delivered.rglob("*"):
            if found.is_file():
                (folder / found.relative_to(delivered)).unlink(missing_ok=True)
    for found in [found for pattern in _OURS for found in folder.glob(pattern)]:
        if found.is_dir():
            shutil.rmtree(found)
        else:
            found.unlink()


def _lay_out(folder: Path, recipe: Recipe, result: TrainingResult) -> None:
    """Puts what was delivered, and the figures, where LLaMA Factory's users look for them."""
    delivered = Path(result.checkpoint.folder)
    for found in sorted(path for path in delivered.rglob("*") if path.is_file()):
        _put(found, folder / found.relative_to(delivered))
    named = noted_base(recipe.base_model, result.checkpoint.base_model)
    note_run(folder, recipe.to_yaml(), {"base_model": named})
    if result.checkpoint.adapter:
        config = json.loads((delivered / "adapter_config.json").read_text(encoding="utf-8"))
        config["base_model_name_or_path"] = named
        write_whole(folder / "adapter_config.json", json.dumps(config, indent=2) + "\n")
    train, evaluation = _train_results(result), _eval_results(result)
    write_whole(folder / "train_results.json", json.dumps(train, indent=4) + "\n")
    if evaluation:
        write_whole(folder / "eval_results.json", json.dumps(evaluation, indent=4) + "\n")
    write_whole(folder / "all_results.json", json.dumps({**train, **evaluation}, indent=4) + "\n")


def _put(source: Path, place: Path) -> None:
    """Makes `place` the same file without another copy of it where the disk allows that."""
    place.parent.mkdir(parents=True, exist_ok=True)
    fresh = place.with_name(f".{place.name}.new")
    fresh.unlink(missing_ok=True)
    try:
        os.link(source, fresh)
    except OSError:
        shutil.copy2(source, fresh)
    fresh.replace(place)
    fresh.unlink(missing_ok=True)  # still there where both were the same file already


def _train_results(result: TrainingResult) -> dict[str, float]:
    """Under the names that transformers' Trainer has for them."""
    seconds = max(result.seconds, 1e-9)
    return {
        "epoch": result.epochs,
        "train_loss": sum(result.losses) / max(len(result.losses), 1),
        "train_runtime": result.seconds,
        "train_samples_per_second": result.rows * result.epochs / seconds,
        "train_steps_per_second": result.steps / seconds,
    }


def _eval_results(result: TrainingResult) -> dict[str, float]:
    measured = [one for one in result.practice if one.validation_loss is not None]
    if not measured or measured[-1].validation_loss is None:
        return {}
    own = {f"eval_{name}": figure for name, figure in measured[-1].validation_measures.items()}
    return {"eval_loss": measured[-1].validation_loss, **own}
