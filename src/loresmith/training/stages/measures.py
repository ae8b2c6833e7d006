"""Why: a step's figures are means over all of its rows, whichever passes these went through in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from loresmith.training.stages.stage import StepLoss


class Means:
    """Sums up tensors of figures by name, and gives their means."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self._counts: dict[str, int] = {}

    def add(self, name: str, figures: Any) -> None:
        """Takes one figure for each row; none is fine."""
        self._sums[name] = self._sums.get(name, 0.0) + float(figures.detach().double().sum())
        self._counts[name] = self._counts.get(name, 0) + figures.numel()

    def step_loss(self) -> StepLoss:
        """The mean `loss`, and beside it that of all else of which there were any."""
        means = {
            name: total / self._counts[name]
            for name, total in self._sums.items()
            if self._counts[name]
        }
        return StepLoss(means.pop("loss"), means)


class MeasuresBySteps:
    """The figures of each step by name; None where a step had none of that name."""

    def __init__(self, known: Mapping[str, Sequence[float | None]]) -> None:
        self._found = {name: list(figures) for name, figures in known.items()}

    def add(self, measures: Mapping[str, float], *, step: int) -> None:
        """Takes those of the step with this index, from 0, which is the next."""
        for name in {**self._found, **measures}:
            column = self._found.setdefault(name, [None] * step)
            column.append(measures.get(name))

    def by_name(self) -> dict[str, tuple[float | None, ...]]:
        """All, each with as many entries as there were steps."""
        return {name: tuple(figures) for name, figures in self._found.items()}
