"""Why: a step's figures are means over all of its rows, whichever passes these went through in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from loresmith.training.ranks import Ranks
from loresmith.training.stages.stage import StepLoss


class Means:
    """Sums up tensors of figures by name, and gives their means over all processes."""

    def __init__(self, *names: str) -> None:
        """`names` are all that may come, the same in each process."""
        self._sums = dict.fromkeys(names, 0.0)
        self._counts = dict.fromkeys(names, 0)

    def add(self, name: str, figures: Any) -> None:
        """Takes one figure for each row; none is fine."""
        self._sums[name] += float(figures.detach().double().sum())
        self._counts[name] += figures.numel()

    def step_loss(self, ranks: Ranks) -> StepLoss:
        """The mean `loss`, and beside it that of all else of which there were any."""
        names = list(self._sums)
        numbers = ranks.sums_of([*self._sums.values(), *map(float, self._counts.values())])
        sums, counts = numbers[: len(names)], numbers[len(names) :]
        means = {
            name: total / count
            for name, total, count in zip(names, sums, counts, strict=True)
            if count
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
