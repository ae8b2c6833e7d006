"""Trackio: a database on this machine, and a dashboard that `trackio show` opens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from loresmith.training.watchers.base import WatchedRun, Watcher


class Trackio(Watcher):
    package: ClassVar[str] = "trackio"

    def start(self, run: WatchedRun) -> str:
        import trackio

        self._trackio: Any = trackio
        trackio.init(
            project=run.project,
            name=f"{run.name}-{run.id[:8]}",  # it tells runs apart by their names
            config=run.settings,
            resume="allow",
            embed=False,
        )
        return f"trackio show --project {run.project}"

    def add(self, step: int, values: Mapping[str, float]) -> None:
        self._trackio.log(dict(values), step=step)

    def finish(self) -> None:
        self._trackio.finish()
