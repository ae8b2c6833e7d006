"""Why: what a training leaves behind: weights for use, a picture, and a record of how it went."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import ValidationError

from loresmith.errors import AnotherTrainingError
from loresmith.json_files import read_object
from loresmith.models.weights import stored_dtype
from loresmith.training.checkpoints import Position, what_changed, write_or_explain
from loresmith.training.loop import Prepared, best_folder
from loresmith.training.plot import plot_losses, plot_measures
from loresmith.training.result import TrainingResult
from loresmith.training.sealed import put_in_place, read_seal, write_at_once

_RESULT = "training_result.json"


def deliver(
    prepared: Prepared, position: Position, *, base: Path, on_note: Callable[[str], None]
) -> int:
    """Writes the best weights (without practice, the last) with the tokenizer, and the plot.

    Returns the step whose weights they are. The folder appears when it is complete.
    """
    method, folder = prepared.method, prepared.folder
    step = position.step
    if position.best_step is not None and position.best_step != step:
        best = best_folder(folder, position.best_step)
        fault = read_seal(best).fault
        if fault:
            on_note(f"{best.name}, the best weights, is damaged ({fault}): the last are delivered")
        else:
            method.load_weights(prepared.model, best)
            step = position.best_step
    part = folder / f"{method.delivery}.part"

    def write() -> None:
        method.deliver(prepared.model, part, dtype=stored_dtype(base))
        prepared.tokenizer.save_pretrained(part)
        put_in_place(part, folder / method.delivery)
        _draw(position, folder)

    write_or_explain(part, write)
    return step


def _draw(position: Position, folder: Path) -> None:
    """A stage with figures of its own has a loss that is not one of tokens."""
    losses, measures, practice = position.losses, position.measures, position.practice
    unit = "" if measures else "nats a token"
    plot_losses(losses, practice, folder / "training_loss.png", unit=unit)
    plot_measures(measures, practice, folder / "training_measures.png")


def write_result(
    folder: Path, result: TrainingResult, *, run_id: str, made_of: Mapping[str, str]
) -> None:
    """The last thing written: from now on the training is finished."""
    content = {"run_id": run_id, "made_of": made_of, "result": result.model_dump(mode="json")}
    write_at_once(folder / _RESULT, json.dumps(content, ensure_ascii=False, indent=1))
    for best in folder.glob("best-*"):
        shutil.rmtree(best, ignore_errors=True)


def read_result(folder: Path, *, run_id: str, made_of: Mapping[str, str]) -> TrainingResult | None:
    """What an earlier call finished, if it did and what it delivered is still there.

    Raises AnotherTrainingError when it was another one.
    """
    content = read_object(folder / _RESULT)
    if content.get("run_id", run_id) != run_id:
        changed = what_changed(content.get("made_of") or {}, made_of)
        raise AnotherTrainingError(
            f"{folder} holds a finished training with other rows, settings, seed or base model",
            hint=f"What has changed: {changed}. Use another folder, or delete this one to start "
            "anew."
            if changed
            else "Use another folder, or delete this one to start anew.",
        )
    try:
        result = TrainingResult.model_validate(content.get("result"))
    except ValidationError:
        return None
    return result if Path(result.checkpoint.folder).is_dir() else None
