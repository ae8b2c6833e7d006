"""Why: which of a training's weights are the best is decided in one place, by what was measured."""

from __future__ import annotations

from typing import Literal

from loresmith.errors import TrainingError
from loresmith.training.result import PracticeScore

BestBy = Literal["auto", "practice", "validation_loss", "last"]
Measure = Literal["practice", "validation_loss", "last"]


def measure_of(best_by: BestBy, *, practice: bool, validation: bool) -> Measure:
    """What the best weights are told by, where there are practice questions or validation rows.

    Raises TrainingError where what is asked for cannot be measured.
    """
    if best_by == "auto":
        return "practice" if practice else "validation_loss" if validation else "last"
    if best_by == "practice" and not practice:
        raise TrainingError(
            "training.best_by is practice, and there are no practice questions",
            hint="Set it to validation_loss, last or auto.",
        )
    if best_by == "validation_loss" and not validation:
        raise TrainingError(
            "training.best_by is validation_loss, and there are no validation rows",
            hint="Set it to last or auto, or keep rows back (dataset.split; val_size or "
            "eval_dataset of a LLaMA Factory file).",
        )
    return best_by


def worth(measured: PracticeScore, by: Measure) -> float | None:
    """Higher is better; None where nothing tells the best."""
    if by == "practice":
        return measured.score
    if by == "validation_loss" and measured.validation_loss is not None:
        return -measured.validation_loss
    return None
