"""Programs that people watch trainings with: one file each, and one line here."""

from __future__ import annotations

from typing import Literal

from loresmith.training.watchers.base import Watcher
from loresmith.training.watchers.mlflow import MLflow
from loresmith.training.watchers.swanlab import SwanLab
from loresmith.training.watchers.tensorboard import TensorBoard
from loresmith.training.watchers.trackio import Trackio
from loresmith.training.watchers.wandb import WeightsAndBiases

WatcherName = Literal["tensorboard", "wandb", "swanlab", "mlflow", "trackio"]
"""What a recipe can name."""

WATCHERS: dict[str, type[Watcher]] = {
    "tensorboard": TensorBoard,
    "wandb": WeightsAndBiases,
    "swanlab": SwanLab,
    "mlflow": MLflow,
    "trackio": Trackio,
}

__all__ = ["WATCHERS", "Watcher", "WatcherName"]
