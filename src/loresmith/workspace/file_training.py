"""Fine-tunes on a file of rows as it stands: no project, no documents, no exam."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from loresmith.datasets import read_rows
from loresmith.datasets.named import Shape, read_bare
from loresmith.errors import NotFound, RecipeError
from loresmith.models.base_models import check_base_model, resolve_base_model
from loresmith.recipe import Recipe
from loresmith.records import Drop, TrainingRow
from loresmith.settings import load_settings
from loresmith.training import TrainingProgress
from loresmith.training.obstacles import refuse_obstacles
from loresmith.workspace.model_card import card_language, write_run_card
from loresmith.workspace.progress import Progress, ProgressListener, silent
from loresmith.workspace.rank_processes import writes_results
from loresmith.workspace.run_notes import note_run, noted_base
from loresmith.workspace.training_process import TrainingTask, train_in_child


class FileTraining(NamedTuple):
    """What came of it; `drops` are rows that could not be used, with reasons."""

    folder: Path
    rows: int
    steps: int
    drops: tuple[Drop, ...]
    told_by_another: bool = False
    """Whether this process only took part, and the first of several writes and tells."""


def train_on_file(
    path: Path, output: Path, *, recipe: Recipe, on_progress: ProgressListener = silent
) -> FileTraining:
    """Trains `recipe.base_model` on a file of the rows that the stage takes: alpaca or sharegpt,
    with ranking or kto_tag where it learns from preferences, or texts. The result is below
    `output`."""
    if not path.is_file():
        raise NotFound(f"there is no file {path}", hint="Check the path.")
    settings = load_settings()
    check_base_model(recipe.base_model, settings)
    read = _read(path, recipe.training.stage.shape)
    if not read.rows:
        raise RecipeError(
            f"{path} holds no row that can be trained on",
            faults=[f"{drop.subject_id}: {drop.reason}: {drop.detail}" for drop in read.drops[:20]],
        )
    base = resolve_base_model(
        recipe.base_model,
        settings,
        on_progress=lambda words: on_progress(Progress("fetch", 0, 0, words)),
    )
    refuse_obstacles(list(recipe.training.obstacles(base=base)))
    task = TrainingTask(
        training=recipe.training,
        base=str(base.absolute()),
        seed=recipe.seed,
        examples=read.rows,
    )
    result = train_in_child(
        task,
        output,
        on_progress=lambda progress: on_progress(training_progress(progress)),
        check=lambda: None,
    )
    done = FileTraining(output, result.rows, result.steps, (*read.drops, *result.dropped))
    if not writes_results():
        return done._replace(told_by_another=True)
    note_run(output, recipe.to_yaml(), {"base_model": noted_base(recipe.base_model, task.base)})
    write_run_card(output, language=card_language(task.examples))
    return done


class _Read(NamedTuple):
    rows: tuple[TrainingRow, ...]
    drops: tuple[Drop, ...]


def _read(path: Path, shape: Shape) -> _Read:
    if shape == "conversation":
        conversations = read_rows(path)
        return _Read(conversations.examples, conversations.drops)
    bare = read_bare(path, shape=shape)
    return _Read(bare.rows, bare.drops)


def training_progress(progress: TrainingProgress) -> Progress:
    """A training's own word on itself as one line of progress."""
    parts: list[str] = [progress.phase] if progress.phase != "training" else []
    if progress.loss is not None:
        parts.append(f"loss {progress.loss:.3f}")
    if "margin" in progress.measures:
        parts.append(f"margin {progress.measures['margin']:.3f}")
    if progress.tokens_per_second:
        parts.append(f"{progress.tokens_per_second:,.0f} tokens/s")
    if progress.note:
        parts.append(progress.note)
    return Progress(
        "train", progress.step, progress.total_steps, " · ".join(parts), progress.sample
    )
