"""MLflow: its server where MLFLOW_TRACKING_URI names one, else a database in the run's folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, ClassVar

from loresmith.training.watchers.base import WatchedRun, Watcher

_LONGEST_SETTING = 500


class MLflow(Watcher):
    package: ClassVar[str] = "mlflow"

    def start(self, run: WatchedRun) -> str:
        import mlflow

        run.folder.mkdir(parents=True, exist_ok=True)
        here = f"sqlite:///{run.folder / 'mlflow.db'}"
        place = os.environ.get("MLFLOW_TRACKING_URI") or here
        mlflow.set_tracking_uri(place)
        mlflow.set_experiment(os.environ.get("MLFLOW_EXPERIMENT_NAME") or run.project)
        self._mlflow: Any = mlflow
        note = run.folder / "run_id"  # MLflow gives its own
        known = note.read_text(encoding="utf-8") if note.is_file() else None
        started = mlflow.start_run(run_id=known, run_name=None if known else run.name)
        if known is None:
            note.write_text(started.info.run_id, encoding="utf-8")
            told = {name: str(value)[:_LONGEST_SETTING] for name, value in run.settings.items()}
            mlflow.log_params(told)
        return f"mlflow ui --backend-store-uri {place}" if place == here else place

    def add(self, step: int, values: Mapping[str, float]) -> None:
        self._mlflow.log_metrics(dict(values), step=step)

    def finish(self) -> None:
        self._mlflow.end_run()
