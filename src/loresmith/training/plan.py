"""Why: what a training will do is decided once, before it starts, and can be looked at."""

from __future__ import annotations

import math

from loresmith.records import Record
from loresmith.training.method import TrainingMethod
from loresmith.training.schedules import Scheduler, rate_after_peak

_STEPS_BETWEEN_PRACTICE = 25


class Plan(Record):
    """Steps and learning rates of one training."""

    rows: int
    steps_per_epoch: int
    total_steps: int
    warmup_steps: int
    learning_rate: float
    """At its peak."""
    scheduler: Scheduler
    eval_steps: int | None = None
    """Steps between evaluations; None for those at ends of epochs."""

    def epoch(self, step: int) -> float:
        """Passes over all rows after `step` optimizer steps."""
        return step / self.steps_per_epoch

    def learning_rate_at(self, step: int) -> float:
        """For the optimizer step with this index, from 0."""
        if step < self.warmup_steps:
            return self.learning_rate * (step + 1) / self.warmup_steps
        return rate_after_peak(
            self.scheduler,
            peak=self.learning_rate,
            step=step,
            warmup_steps=self.warmup_steps,
            total_steps=self.total_steps,
        )

    def practice_steps(self) -> frozenset[int]:
        """After how many steps practice is held: at the ends of epochs (where these are shorter
        than 25 steps, not at all of them), or every `eval_steps`, and at the end."""
        if self.eval_steps is not None:
            every = range(self.eval_steps, self.total_steps, self.eval_steps)
            return frozenset([*every, self.total_steps])
        chosen: list[int] = []
        for step in range(self.steps_per_epoch, self.total_steps, self.steps_per_epoch):
            if step - (chosen[-1] if chosen else 0) >= _STEPS_BETWEEN_PRACTICE:
                chosen.append(step)
        return frozenset([*chosen, self.total_steps])


def make_plan(method: TrainingMethod, *, rows: int, parameters: int) -> Plan:
    """The plan for so many rows and a base model with so many parameters."""
    steps_per_epoch = math.ceil(rows / method.batch_size)
    total_steps = _total_steps(method, steps_per_epoch)
    warmup_steps = method.warmup_steps
    if warmup_steps is None:
        warmup_steps = math.ceil(method.warmup_ratio * total_steps)
    rate = method.learning_rate
    if rate is None:
        rate = method.default_learning_rate(parameters) * method.stage.rate_factor
    return Plan(
        rows=rows,
        steps_per_epoch=steps_per_epoch,
        total_steps=total_steps,
        warmup_steps=warmup_steps,
        learning_rate=rate,
        scheduler=method.scheduler,
        eval_steps=method.eval_steps,
    )


def _total_steps(method: TrainingMethod, steps_per_epoch: int) -> int:
    if method.max_steps is not None:
        return method.max_steps
    epochs = method.num_epochs
    if epochs is None:
        usual = method.stage.default_epochs or method.default_epochs
        epochs = max(usual, math.ceil(method.min_steps / steps_per_epoch))
    return max(1, round(epochs * steps_per_epoch))
