"""Why: a training that was killed goes on from its last checkpoint as if nothing had happened."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from loresmith.errors import AnotherTrainingError, CheckpointError
from loresmith.records import Record
from loresmith.training.result import PracticeScore
from loresmith.training.sealed import read_seal, seal

_STATE = "state.pt"


class Position(Record):
    """How far a training is: all of its state that is not a tensor."""

    run_id: str
    """Equal for equal rows, settings, seed and base model."""
    step: int = 0
    """Optimizer steps done. The order of rows follows from it and the seed."""
    losses: tuple[float, ...] = ()
    practice: tuple[PracticeScore, ...] = ()
    best_step: int | None = None
    """Whose weights had the best practice score; they are in the folder `best-STEP`."""
    best_score: float | None = None
    since_best: int = 0
    """Practice scores since then."""
    useful_tokens: int = 0
    seconds: float = 0.0
    """Spent in steps."""
    threads: int = 1
    """CPU threads; another count would sum in another order, and give other losses."""


class Saved(NamedTuple):
    """A checkpoint on the disk that is whole."""

    folder: Path
    position: Position


class Checkpoints:
    """The checkpoints of one run, in `attempt-N/checkpoint-STEP`: each attempt to train writes to
    its own folder, and reads from all."""

    def __init__(self, folder: Path, *, run_id: str, limit: int) -> None:
        self._folder = folder
        self._run_id = run_id
        self._limit = limit
        attempts = [_number(path) for path in folder.glob("attempt-*")]
        self._attempt = folder / f"attempt-{max(attempts, default=0) + 1}"
        self.saved_at = time.monotonic()
        """When the last one was saved, or this attempt began."""

    def newest(self, on_note: Callable[[str], None]) -> Saved | None:
        """The newest that is whole; damaged ones are told to `on_note` and passed over.

        Raises AnotherTrainingError when it is of another training.
        """
        for folder in self._newest_first():
            found = read_seal(folder)
            position = _position(found.details)
            if found.fault or position is None:
                shown = folder.relative_to(self._folder).as_posix()
                on_note(f"{shown} is damaged and is not used: {found.fault or 'no position in it'}")
                continue
            if position.run_id != self._run_id:
                raise AnotherTrainingError(
                    f"{self._folder} holds the checkpoints of a training with other rows, "
                    "settings, seed or base model",
                    hint="Use another folder, or delete this one to start anew.",
                )
            return Saved(folder, position)
        return None

    def save(
        self, position: Position, state: dict[str, Any], save_weights: Callable[[Path], None]
    ) -> None:
        """Writes a checkpoint, `state` being the optimizer's, then deletes those over the limit.

        Raises CheckpointError when it cannot be written (a full disk, say); earlier ones are
        untouched then.
        """
        import torch

        folder = self._attempt / f"checkpoint-{position.step}"

        def write() -> None:
            save_weights(folder)
            torch.save({"optimizer": state, **_random_state()}, folder / _STATE)
            seal(folder, {"position": position.model_dump(mode="json")})

        write_or_explain(folder, write)
        self.saved_at = time.monotonic()
        self._delete_all_but(self._limit)

    def restore(
        self, saved: Saved, optimizer: Any, load_weights: Callable[[Path], None], *, device: str
    ) -> None:
        """Puts weights, optimizer and random generators back as they were."""
        import torch

        load_weights(saved.folder)
        state = torch.load(saved.folder / _STATE, map_location="cpu", weights_only=True)
        optimizer.load_state_dict(state["optimizer"])
        _set_random_state(state, device=device)

    def clear(self) -> None:
        """Deletes all but the newest: the training is done."""
        self._delete_all_but(1)

    def _newest_first(self) -> list[Path]:
        folders = [path for path in self._folder.glob("attempt-*/checkpoint-*") if path.is_dir()]
        return sorted(folders, key=lambda p: (_number(p), _number(p.parent)), reverse=True)

    def _delete_all_but(self, limit: int) -> None:
        for folder in self._newest_first()[limit:]:
            shutil.rmtree(folder, ignore_errors=True)


def write_or_explain(folder: Path, write: Callable[[], None]) -> None:
    """Makes `folder` anew and calls `write`; a failure leaves nothing, and is a CheckpointError."""
    from safetensors import SafetensorError

    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
        write()
    except (
        OSError,
        RuntimeError,
        SafetensorError,
    ) as error:  # torch reports a full disk as the 2nd
        shutil.rmtree(folder, ignore_errors=True)
        free = shutil.disk_usage(folder.parent if folder.parent.exists() else ".").free
        raise CheckpointError(
            f"cannot write {folder}: {error}",
            hint=f"{free / 1e9:.1f} GB of that disk are free. What was saved before is kept: "
            "make room and run the same again to go on.",
        ) from error


def _position(details: dict[str, Any]) -> Position | None:
    try:
        return Position.model_validate(details.get("position"))
    except ValidationError:
        return None


def _number(folder: Path) -> int:
    digits = folder.name.rpartition("-")[2]
    return int(digits) if digits.isdigit() else 0


def _random_state() -> dict[str, Any]:
    import numpy
    import torch

    numbers: Any = numpy.random.get_state()
    kind, keys, *rest = numbers
    return {
        "torch": torch.get_rng_state(),
        "cards": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "python": random.getstate(),
        "numpy": [kind, keys.tolist(), *rest],
    }


def _set_random_state(state: dict[str, Any], *, device: str) -> None:
    import numpy
    import torch

    version, keys, gauss = state["python"]
    random.setstate((version, tuple(keys), gauss))
    kind, numbers, *rest = state["numpy"]
    numpy.random.set_state((kind, numpy.array(numbers, dtype=numpy.uint32), *rest))
    torch.set_rng_state(state["torch"])
    if device != "cpu" and len(state["cards"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["cards"])
