"""Why: all that stands in the way of a training is told at once, not one thing after another."""

from __future__ import annotations

from collections.abc import Sequence

from loresmith.errors import TrainingError


def refuse_obstacles(found: Sequence[TrainingError]) -> None:
    """Raises one error that names all of `found`; does nothing without any."""
    if len(found) == 1:
        raise found[0]
    if found:
        lines = [f"  {error.message} ({error.hint})" for error in found]
        raise TrainingError("\n".join([f"{len(found)} things stand in the way:", *lines]))
