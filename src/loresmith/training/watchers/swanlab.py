"""SwanLab; without a key it writes into the run's folder, to be sent later."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from loresmith.training.watchers.base import WatchedRun, Watcher


class SwanLab(Watcher):
    package: ClassVar[str] = "swanlab"

    def start(self, run: WatchedRun) -> str:
        import swanlab

        run.folder.mkdir(parents=True, exist_ok=True)
        has_key = bool(os.environ.get("SWANLAB_API_KEY")) or (Path.home() / ".swanlab").is_dir()
        mode: Any = os.environ.get("SWANLAB_MODE") or ("online" if has_key else "offline")
        self._swanlab: Any = swanlab
        options: dict[str, Any] = {}
        if mode == "online":  # a run of files cannot be gone on with: another begins
            options = {"id": run.id, "resume": "allow"}
        swanlab.init(
            project=os.environ.get("SWANLAB_PROJ_NAME") or run.project,
            name=run.name,
            config=run.settings,
            log_dir=str(run.folder),
            mode=mode,
            **options,
        )
        return f"swanlab sync {run.folder}/run-*" if mode == "offline" else "swanlab.cn"

    def add(self, step: int, values: Mapping[str, float]) -> None:
        self._swanlab.log(dict(values), step=step)

    def finish(self) -> None:
        self._swanlab.finish()
