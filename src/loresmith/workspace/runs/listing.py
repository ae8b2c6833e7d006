"""What a run's folder and its record tell of it: read anew each time, kept nowhere else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError

from loresmith.errors import DocumentError, NotFound, RecipeError
from loresmith.exams import Accuracy
from loresmith.records import Dataset, Record, Run
from loresmith.training import TrainingResult
from loresmith.workspace.context import Context
from loresmith.workspace.report.model import RunReport
from loresmith.workspace.runs.curves import last_line
from loresmith.workspace.runs.device_use import trainer_of
from loresmith.workspace.steps.train import run_id as id_of_today

MOST_COMPARED = 6

RunState = Literal["waiting", "training", "stopped", "trained", "examined"]
"""`waiting`: noted, no step done; `stopped`: goes on after its last checkpoint when it is started
again; `trained`: the weights are delivered; `examined`: the report is written."""


class RunScores(Record):
    """The exam of a run in three figures, each with its interval."""

    before: Accuracy
    after: Accuracy
    unknown: Accuracy
    """The tuned model on what the base model missed."""


class RunSummary(Record):
    """One run as lists show it."""

    id: str
    """The name of its folder, such as `v2-0f3a9c1e5b`."""
    dataset_version: int | None
    """None where the dataset is no longer stored."""
    base_model: str
    method: str
    """Such as `lora`."""
    state: RunState
    created_at: str
    """ISO 8601, UTC."""
    current: bool
    """Whether it is the run of today's documents and recipe."""
    step: int
    """Optimizer steps done."""
    total_steps: int | None
    loss: float | None = None
    """Of the last step."""
    scores: RunScores | None = None
    """None before the exam is sat."""
    rows: int | None = None
    """Rows that were learned; None before the training is finished."""
    seconds: float | None = None
    """Spent in training steps; None before the training is finished."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """The training settings of its recipe that are not the default."""


def summaries(context: Context) -> list[RunSummary]:
    """Every run whose folder is there, the newest first."""
    versions = {one.id: one.version for one in context.store.all(Dataset)}
    today = _id_of_today(context)
    runs = [run for run in context.store.all(Run) if _folder(context, run).is_dir()]
    found = [_summary(context, run, versions.get(run.dataset_id), today) for run in runs]
    return sorted(found, key=lambda one: one.created_at, reverse=True)


def run_named(context: Context, name: str) -> Run:
    """The run with this id (its folder's name); raises NotFound, also where its files are gone.

    `name` is only compared with what is stored: it never becomes a path.
    """
    for run in reversed(context.store.all(Run)):
        if _name(run) == name and _folder(context, run).is_dir():
            return run
    raise NotFound(f"there is no run {name!r} in this project", hint="It may have been deleted.")


def names_to_compare(names: Sequence[str]) -> list[str]:
    """`names` without repetitions; raises RecipeError for a number that cannot be compared."""
    wanted = list(dict.fromkeys(names))
    if not 2 <= len(wanted) <= MOST_COMPARED:
        raise RecipeError(f"two to {MOST_COMPARED} runs can be compared, not {len(wanted)}")
    return wanted


def folder_of(context: Context, run: Run) -> Path:
    """Where the run keeps its files."""
    return _folder(context, run)


def report_of(folder: Path) -> RunReport | None:
    """The report in a run's folder; None where there is none that this version can read."""
    path = folder / "report.json"
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return _report(path, status.st_mtime_ns, status.st_size)


def training_of(folder: Path) -> TrainingResult | None:
    """What a finished training noted; None before it has finished."""
    path = folder / "training.json"
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return _training(path, status.st_mtime_ns)


def state_of(folder: Path) -> RunState:
    """How far a run is, by its files and its trainer."""
    if (folder / "report.json").exists():
        return "examined"
    if (folder / "training.json").exists():
        return "trained"
    if trainer_of(folder) is not None:
        return "training"
    return "stopped" if (folder / "trainer_log.jsonl").exists() else "waiting"


@lru_cache(maxsize=16)
def _report(path: Path, _changed: int, _size: int) -> RunReport | None:
    try:
        return RunReport.model_validate_json(path.read_bytes())
    except (ValidationError, OSError):  # of another version, or edited
        return None


@lru_cache(maxsize=64)
def _training(path: Path, _changed: int) -> TrainingResult | None:
    try:
        return TrainingResult.model_validate_json(path.read_bytes())
    except (ValidationError, OSError):
        return None


@lru_cache(maxsize=256)
def _settings(recipe: str) -> str:
    """The training settings of a recipe that are not the default, as JSON."""
    from loresmith.workspace.forms.from_schema import form_of
    from loresmith.workspace.recipes import recipe_in

    try:
        fields = [*form_of(recipe_in(recipe), "training").fields()]
    except RecipeError:  # of another version
        return "{}"
    changed = [field for field in fields if field.changed]
    return json.dumps({field.name: field.value for field in changed if field.name != "type"})


def _summary(context: Context, run: Run, version: int | None, today: str | None) -> RunSummary:
    folder = _folder(context, run)
    finished, line = training_of(folder), last_line(folder / "trainer_log.jsonl")
    report = report_of(folder)
    training = (yaml.safe_load(run.recipe) or {}).get("training", {})
    return RunSummary(
        id=_name(run),
        dataset_version=version,
        base_model=run.base_model,
        method=str(training.get("type", "")),
        state=state_of(folder),
        created_at=run.created_at,
        current=run.id == today,
        step=finished.steps if finished else int(line.get("current_steps", 0)),
        total_steps=finished.total_steps if finished else line.get("total_steps"),
        loss=line.get("loss"),
        scores=_scores(report) if report else None,
        rows=finished.rows if finished else None,
        seconds=finished.seconds if finished else None,
        settings=json.loads(_settings(run.recipe)),
    )


def _scores(report: RunReport) -> RunScores:
    exam = report.exam
    return RunScores(before=exam.before, after=exam.after, unknown=exam.unknown.after)


def _id_of_today(context: Context) -> str | None:
    try:
        return id_of_today(context)
    except DocumentError:  # there is no document, so there is no dataset either
        return None


def _folder(context: Context, run: Run) -> Path:
    return context.project.folder / run.folder


def _name(run: Run) -> str:
    return run.folder.rsplit("/", 1)[-1]
