"""A training that is stopped on its way, as at Ctrl-C, for tests of going on from there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from loresmith.errors import JobCancelled
from loresmith.records import Example
from loresmith.training import TrainingMethod, TrainingProgress


def stop_after(
    step: int, method: TrainingMethod, examples: Sequence[Example], **where: Any
) -> JobCancelled:
    """Trains for so many steps, and returns what is told then; `where` is the rest of what
    `method.train` takes."""
    reached = [0]

    def on_progress(progress: TrainingProgress) -> None:
        reached[0] = progress.step

    with pytest.raises(JobCancelled) as told:
        method.train(
            examples, on_progress=on_progress, should_stop=lambda: reached[0] >= step, **where
        )
    return told.value
