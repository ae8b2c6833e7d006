"""Why: people and tools that know LLaMA Factory follow a training by its trainer_log.jsonl."""

from __future__ import annotations

import json
from pathlib import Path

from loresmith.training.checkpoints import writing
from loresmith.training.result import TrainingProgress
from loresmith.training.sealed import write_at_once

OF_EVERY_STAGE = (
    *("current_steps", "total_steps", "loss", "lr", "epoch", "percentage", "elapsed_time"),
    *("remaining_time", "grad_norm", "tokens_per_second", "note"),
)
"""What a line may hold whatever the stage; its other numbers are the stage's own figures."""


class TrainerLog:
    """`trainer_log.jsonl`: one line a step, each step once, also after a crash."""

    def __init__(self, path: Path, *, done: int) -> None:
        """Goes on after step `done`: what an earlier attempt wrote beyond it is taken out."""
        kept = [line for step, line in _steps(path) if step <= done]
        with writing(path):
            write_at_once(path, "".join(f"{line}\n" for line in kept))
        self._path = path

    def add(self, progress: TrainingProgress, *, seconds: float) -> None:
        """`seconds` were spent in steps so far."""
        line = {
            "current_steps": progress.step,
            "total_steps": progress.total_steps,
            "loss": progress.loss,
            "lr": progress.learning_rate,
            "epoch": round(progress.epoch, 4),
            "percentage": round(100 * progress.step / progress.total_steps, 2),
            "elapsed_time": _clock(seconds),
            "remaining_time": _clock(progress.seconds_left or 0.0),
            "grad_norm": progress.grad_norm,
            "tokens_per_second": progress.tokens_per_second,
            **progress.measures,
            **({"note": progress.note} if progress.note else {}),
        }
        with writing(self._path), self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def _steps(path: Path) -> list[tuple[int, str]]:
    """The whole lines of a log, each with its step; a cut last line is left out."""
    if not path.exists():
        return []
    found: dict[int, str] = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            found[int(json.loads(line)["current_steps"])] = line
        except (ValueError, KeyError, TypeError):
            continue
    return sorted(found.items())


def _clock(seconds: float) -> str:
    """As `1:02:03`."""
    minutes, second = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{second:02}"
