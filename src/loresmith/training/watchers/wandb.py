"""Weights & Biases; without a key it writes into the run's folder, to be sent later."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, ClassVar

from loresmith.training.watchers.base import WatchedRun, Watcher


class WeightsAndBiases(Watcher):
    package: ClassVar[str] = "wandb"

    def start(self, run: WatchedRun) -> str:
        import wandb

        run.folder.mkdir(parents=True, exist_ok=True)
        # With the mode unset and no key, it would ask for one at a terminal that nobody sees.
        has_key = bool(os.environ.get("WANDB_API_KEY") or wandb.api.api_key)
        mode = os.environ.get("WANDB_MODE") or ("online" if has_key else "offline")
        self._run: Any = wandb.init(
            project=os.environ.get("WANDB_PROJECT") or run.project,
            name=run.name,
            id=run.id,
            resume="allow",
            config=run.settings,
            dir=str(run.folder),
            mode=mode,
        )
        if mode == "offline":
            return f"wandb sync {run.folder}/wandb/offline-run-*"
        return str(self._run.url)

    def add(self, step: int, values: Mapping[str, float]) -> None:
        self._run.log({**values, "train/global_step": step}, step=step)

    def finish(self) -> None:
        self._run.finish()
