"""Why: a watcher that hangs, fails or leaks does so in a process of its own, beside the training.

    python -m loresmith.training.watchers.follower NAME FOLDER

It reads the logs that a training writes anyway, and ends when its standard input closes: then the
training is over, or gone. What was told is noted, so that each step is told once, also by the next
attempt.
"""

from __future__ import annotations

import json
import math
import os
import select
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from loresmith.json_files import read_object
from loresmith.training.watchers import WATCHERS
from loresmith.training.watchers.base import WatchedRun, Watcher

RUN = "run.json"
_TOLD = "told.json"
_POLL_SECONDS = 1.0
_TRAINED = {
    "loss": "train/loss",
    "lr": "train/learning_rate",
    "grad_norm": "train/grad_norm",
    "epoch": "train/epoch",
    "tokens_per_second": "train/tokens_per_second",
}
_MEASURED = {"score": "eval/practice_score", "validation_loss": "eval/loss"}


def main(name: str, folder: Path) -> int:
    """Tells one watcher of the training in `folder` until that is over."""
    place = folder / "watchers" / name
    told = read_object(place / _TOLD)
    run = WatchedRun.model_validate_json((place / RUN).read_text(encoding="utf-8"))
    run = run.model_copy(update={"resumed": bool(told)})
    watcher = WATCHERS[name]()
    print(f"seen: {watcher.start(run)}", flush=True)
    followed = _Logs(folder, told)
    over = False
    while not over:
        over = _closed(_POLL_SECONDS)
        if followed.tell(watcher):
            (place / _TOLD).write_text(json.dumps(followed.told), encoding="utf-8")
    watcher.finish()
    return 0


class _Logs:
    """What a training has written down, and how much of it was told."""

    def __init__(self, folder: Path, told: Mapping[str, Any]) -> None:
        self._folder = folder
        self.told = {"trained": 0, "measured": -1, **told}

    def tell(self, watcher: Watcher) -> bool:
        """Tells what is new; returns whether anything was."""
        news = [
            *self._new("trainer_log.jsonl", "current_steps", "trained", _TRAINED),
            *self._new("practice_log.jsonl", "step", "measured", _MEASURED),
        ]
        for step, values in sorted(news, key=lambda one: one[0]):
            watcher.add(step, values)
        return bool(news)

    def _new(
        self, file: str, step_key: str, kind: str, names: Mapping[str, str]
    ) -> Iterator[tuple[int, dict[str, float]]]:
        for line in _lines(self._folder / file):
            step = int(line.get(step_key, 0))
            if step <= self.told[kind]:
                continue
            values = {new: line[old] for old, new in names.items() if _is_number(line.get(old))}
            self.told[kind] = step
            if values:
                yield step, values


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of a log; one that is being written comes next time."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for line in text.splitlines():
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict):
            yield found


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _closed(seconds: float) -> bool:
    """Waits so long for the end of standard input."""
    ready, _, _ = select.select([sys.stdin.fileno()], [], [], seconds)
    return bool(ready) and not os.read(sys.stdin.fileno(), 1024)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
