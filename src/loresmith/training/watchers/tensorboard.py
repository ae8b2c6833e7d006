"""TensorBoard: curves from files in the run's folder, without any account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from loresmith.training.watchers.base import WatchedRun, Watcher


class TensorBoard(Watcher):
    package: ClassVar[str] = "tensorboard"

    def start(self, run: WatchedRun) -> str:
        from torch.utils.tensorboard import SummaryWriter  # type: ignore[attr-defined, unused-ignore]

        self._writer: Any = SummaryWriter(str(run.folder))
        if not run.resumed:
            text = "".join(f"    {name}: {value}\n" for name, value in run.settings.items())
            self._writer.add_text("settings", text)
        return f"tensorboard --logdir {run.folder}"

    def add(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)
        self._writer.flush()

    def finish(self) -> None:
        self._writer.close()
