"""A step of the trade: says how much of it is done, and does what is missing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

from loresmith.workspace.context import Context


class Failure(NamedTuple):
    """A piece of work that is missing, and why."""

    step: str
    subject: str
    reason: str


class StepState(NamedTuple):
    """How far a step is for today's documents and recipe; failures are part of what is missing."""

    done: int
    total: int
    failures: tuple[Failure, ...] = ()

    @property
    def complete(self) -> bool:
        return self.done >= self.total


class Step(ABC):
    """One stage of the main job. Running a finished step does nothing."""

    name: str

    @abstractmethod
    def state(self, context: Context) -> StepState:
        """A pure read of what is stored."""

    @abstractmethod
    def run(self, context: Context) -> None:
        """Does what is missing; whatever it finished stays, however it ends."""
