"""Why: every part of one training needs the same few things, and has something to tell."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from loresmith.devices import Device
from loresmith.training.loop import Callbacks
from loresmith.training.method import TrainingMethod
from loresmith.training.ranks import Ranks
from loresmith.training.result import TrainingProgress
from loresmith.training.shown_row import ShownRow, write_shown_row


@dataclass
class Session:
    """What one call of `TrainingMethod.train` was given, and the notes that it gathers."""

    method: TrainingMethod
    base: Path
    folder: Path
    seed: int
    device: Device
    callbacks: Callbacks
    ranks: Ranks
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.precision = self.method.computed_in(self.device)

    def note(self, text: str) -> None:
        """Keeps something for the result, and tells it at once."""
        self.notes.append(text)
        self.tell("preparing", 0, 0, note=text)

    def show(self, sample: ShownRow) -> None:
        """Keeps one row as it is trained in the run's folder, and tells it."""
        if self.ranks.first:
            write_shown_row(sample, self.folder)
        self.tell("preparing", 0, 0, sample=sample)

    def tell(
        self,
        phase: Literal["preparing", "finished"],
        step: int,
        total: int,
        *,
        note: str = "",
        sample: ShownRow | None = None,
    ) -> None:
        """Reports what is not a step."""
        if self.ranks.first and self.callbacks.on_progress is not None:
            self.callbacks.on_progress(
                TrainingProgress(
                    phase=phase, step=step, total_steps=total, epoch=0.0, note=note, sample=sample
                )
            )
