"""Why: one can talk with a model as it was half-way, by any checkpoint of its run that is whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from loresmith.devices import detect_device
from loresmith.errors import ModelUnavailable, NotFound
from loresmith.models.base import ChatModel
from loresmith.training.checkpoints import checkpoint_folders
from loresmith.training.sealed import read_seal
from loresmith.workspace.candidates import Candidate, Which, base_of_run
from loresmith.workspace.training_process import TASK_FILE, TrainingTask


class KeptCheckpoint(NamedTuple):
    """A checkpoint of a run that is whole."""

    step: int
    folder: Path


@dataclass(frozen=True)
class CheckpointCandidate(Candidate):
    """A base model, and what fine-tuning had made of it by a checkpoint."""

    run: Path = Path()
    checkpoint: Path = Path()

    def open(self, which: Which, *, on_progress: Callable[[str], None] | None = None) -> ChatModel:
        """As `Candidate.open`; the tuned model is put together by the run's own method."""
        if which == "base":
            return super().open(which, on_progress=on_progress)
        return _put_together(_task_of(self.run), self.checkpoint)


def find_checkpoint(path: Path, step: int, *, base_model: str | None = None) -> CheckpointCandidate:
    """The model after `step` steps of the run in `path`, or of the newest run of a project.

    Raises NotFound, which names the steps that there are.
    """
    run = _run_in(path.expanduser())
    there = kept_checkpoints(run)
    for one in there:
        if one.step == step:
            base = base_model or base_of_run(run) or _task_of(run).base
            return CheckpointCandidate(base, run=run, checkpoint=one.folder)
    steps = ", ".join(str(one.step) for one in there)
    raise NotFound(
        f"{run} has no checkpoint after step {step}",
        hint=f"There are: {steps}. training.save_steps says which are kept."
        if there
        else "None is kept; training.save_steps says after which steps one is.",
    )


def kept_checkpoints(path: Path) -> list[KeptCheckpoint]:
    """The checkpoints of a run, or of a project's newest run, that are whole, by their steps; the
    best weights so far are among them. Raises NotFound where there is no run."""
    run = _run_in(path.expanduser())
    found: dict[int, Path] = {}
    for folder in (*checkpoint_folders(run), *run.glob("best-*")):
        digits = folder.name.rpartition("-")[2]
        if digits.isdigit() and int(digits) not in found and not read_seal(folder).fault:
            found[int(digits)] = folder
    return [KeptCheckpoint(step, found[step]) for step in sorted(found)]


def _run_in(path: Path) -> Path:
    if (path / TASK_FILE).is_file():
        return path
    runs = [run for run in (path / "runs").glob("*") if (run / TASK_FILE).is_file()]
    if not runs:
        raise NotFound(
            f"{path} holds no training run", hint="Name a run's folder, or a project with one."
        )
    return max(runs, key=lambda run: run.stat().st_mtime)


def _task_of(run: Path) -> TrainingTask:
    try:
        return TrainingTask.model_validate_json((run / TASK_FILE).read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        raise NotFound(
            f"{run / TASK_FILE} cannot be read: it is damaged, or of another version",
            hint="Talk with the finished model: leave --checkpoint out.",
        ) from error


def _put_together(task: TrainingTask, checkpoint: Path) -> ChatModel:
    from safetensors import SafetensorError

    from loresmith.models.chat_templates import give_template
    from loresmith.models.local import LocalModel

    method, base, device = task.training, Path(task.base), detect_device()
    loaded = method.load(base, device=device, precision=method.computed_in(device))
    give_template(loaded.tokenizer, method.chat_template)
    model = method.prepare(loaded.model, base=base)
    try:
        method.load_weights(model, checkpoint)
    except (OSError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelUnavailable(
            f"the weights in {checkpoint} do not fit the model in {base}: {error}",
            hint="The base model may have been changed since.",
        ) from error
    return LocalModel.around(model.eval(), loaded.tokenizer, device=device, name=checkpoint.name)
