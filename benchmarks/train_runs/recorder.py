"""Why: every trainer of the benchmark notes the same things at the same moments.

Needs the standard library alone: it is imported in environments that have no Loresmith.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any


class Recorder:
    """Steps as they end: seconds since the process was started, CPU-seconds that it used by then,
    loss and gradient norm."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self._started = spec["started"]
        self._path = Path(spec["output"])
        self._steps: list[dict[str, float | None]] = []

    def step_ended(self, loss: float | None = None, grad_norm: float | None = None) -> None:
        self._steps.append(
            {
                "seconds": time.time() - self._started,
                "cpu_seconds": time.process_time(),
                "loss": loss,
                "grad_norm": grad_norm,
            }
        )

    def told(self, loss: float | None, grad_norm: float | None) -> None:
        """What the latest step's loss was, where that is known only after it."""
        self._steps[-1] |= {"loss": loss, "grad_norm": grad_norm}

    def write(self, **more: Any) -> None:
        self._path.write_text(json.dumps({"steps": self._steps, **more}), encoding="utf-8")


def callback_for(recorder: Recorder) -> Any:
    """A callback of transformers' Trainer that feeds `recorder`."""
    from transformers import TrainerCallback

    class _Callback(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, *_: Any, **__: Any) -> None:
            recorder.step_ended()

        def on_log(self, *_: Any, logs: Any = None, **__: Any) -> None:
            if logs and "loss" in logs:
                recorder.told(float(logs["loss"]), float(logs.get("grad_norm") or 0.0))

    return _Callback()
