"""Why: all watchers are told the same of a training, under the same names."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from loresmith.records import Record


class WatchedRun(Record):
    """What a watcher is told before the first step."""

    id: str
    """The same for every attempt at one training, so that a resumed one goes on in its place."""
    name: str
    """What people call it."""
    project: str
    """What it is listed under."""
    settings: dict[str, Any]
    """Those of the training, as JSON values."""
    folder: Path
    """Where the watcher may write."""
    resumed: bool = False
    """Whether an earlier attempt was watched already."""


class Watcher(ABC):
    """One program to watch by. It lives in a process of its own: whatever it raises, or however
    long it hangs, the training goes on."""

    package: ClassVar[str]
    """What has to be installed for it."""

    @abstractmethod
    def start(self, run: WatchedRun) -> str:
        """Begins, or goes on with, a run; returns where it can be seen, in a few words."""

    @abstractmethod
    def add(self, step: int, values: Mapping[str, float]) -> None:
        """What was measured after optimizer step `step`, such as `train/loss`."""

    @abstractmethod
    def finish(self) -> None:
        """Writes what is not written yet, and ends."""
