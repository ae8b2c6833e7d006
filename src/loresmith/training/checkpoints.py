"""Why: a training that was killed goes on from its last checkpoint as if nothing had happened."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import Field, ValidationError

from loresmith.errors import AnotherTrainingError, CheckpointError
from loresmith.records import Record
from loresmith.training.random_state import random_state, set_random_state
from loresmith.training.result import PracticeScore
from loresmith.training.sealed import read_seal, seal

_STATE = "state.pt"


class Position(Record):
    """How far a training is: all of its state that is not a tensor."""

    run_id: str
    """Equal for equal rows, settings, seed and base model."""
    made_of: dict[str, str] = Field(default_factory=dict)
    """What `run_id` stands for, by part, to tell which of it has changed."""
    step: int = 0
    """Optimizer steps done. The order of rows follows from it and the seed."""
    losses: tuple[float, ...] = ()
    measures: dict[str, tuple[float | None, ...]] = Field(default_factory=dict)
    """The stage's own figures, one for each step."""
    practice: tuple[PracticeScore, ...] = ()
    best_step: int | None = None
    """Whose weights were the best by what was measured; they are in the folder `best-STEP`."""
    best_score: float | None = None
    """The practice score, or the validation loss with a minus: higher is better."""
    since_best: int = 0
    """Evaluations since then."""
    useful_tokens: int = 0
    seconds: float = 0.0
    """Spent in steps."""
    threads: int = 1
    """CPU threads; another count would sum in another order, and give other losses."""
    pass_tokens: int | None = None
    """Tokens that may go through the model at once, where memory ran out with more; as set when
    None."""
    saves_memory: bool = False
    """Whether activations are computed twice since memory ran out."""
    notes: tuple[str, ...] = ()
    """What happened on the way that a user should know."""


class Saved(NamedTuple):
    """A checkpoint on the disk that is whole."""

    folder: Path
    position: Position


class Checkpoints:
    """The checkpoints of one run, in `attempt-N/checkpoint-STEP`: each attempt to train writes to
    its own folder, and reads from all."""

    def __init__(
        self,
        folder: Path,
        *,
        run_id: str,
        limit: int,
        keep_every: int | None = None,
        made_of: Mapping[str, str] | None = None,
    ) -> None:
        """The newest `limit` are kept; with `keep_every`, so many of those after so many steps, and
        beside them the newest two to go on from."""
        self._folder = folder
        self._run_id = run_id
        self._limit = limit
        self._keep_every = keep_every
        self._made_of = made_of or {}
        attempts = [_number(path) for path in folder.glob("attempt-*")]
        self._attempt = folder / f"attempt-{max(attempts, default=0) + 1}"
        self.saved_at = time.monotonic()
        """When the last one was saved, or this attempt began."""

    def at_start(self, *, threads: int) -> Position:
        """Before the first step."""
        return Position(run_id=self._run_id, made_of=dict(self._made_of), threads=threads)

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
                changed = what_changed(position.made_of, self._made_of)
                raise AnotherTrainingError(
                    f"{self._folder} holds the checkpoints of a training with other rows, "
                    "settings, seed or base model",
                    hint=f"What has changed: {changed}. Use another folder, or delete this one to "
                    "start anew."
                    if changed
                    else "Use another folder, or delete this one to start anew.",
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
            torch.save({"optimizer": state, **random_state()}, folder / _STATE)
            seal(folder, {"position": position.model_dump(mode="json")})

        write_or_explain(folder, write)
        self.saved_at = time.monotonic()
        self._delete_all_but(self._limit if self._keep_every is None else min(2, self._limit))

    def restore(
        self, saved: Saved, optimizer: Any, load_weights: Callable[[Path], None], *, device: str
    ) -> None:
        """Puts weights, optimizer and random generators back as they were."""
        import torch

        load_weights(saved.folder)
        state = torch.load(saved.folder / _STATE, map_location="cpu", weights_only=True)
        optimizer.load_state_dict(state["optimizer"])
        set_random_state(state, device=device)

    def clear(self) -> None:
        """Deletes all but the newest and those that were wanted: the training is done."""
        self._delete_all_but(1)

    def _newest_first(self) -> list[Path]:
        return checkpoint_folders(self._folder)

    def _delete_all_but(self, limit: int) -> None:
        folders = self._newest_first()
        every = self._keep_every
        to_keep = [one for one in folders if every is not None and _number(one) % every == 0]
        for folder in folders[limit:]:
            if folder not in to_keep[: self._limit]:
                shutil.rmtree(folder, ignore_errors=True)


def what_changed(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Which parts of a training are other than they were; empty where that was not noted."""
    told = []
    for part in sorted(now.keys() & before.keys()):
        if before[part] == now[part]:
            continue
        shown = f"{part} ({before[part]} -> {now[part]})"
        told.append(shown if len(shown) < _LONGEST_CHANGE and part not in _HASHED else part)
    return ", ".join(told)


_HASHED = ("rows", "validation rows", "base model", "earlier adapters")
_LONGEST_CHANGE = 80


def checkpoint_folders(folder: Path) -> list[Path]:
    """All checkpoints of the run in `folder`, whole or not, the newest first."""
    folders = [path for path in folder.glob("attempt-*/checkpoint-*") if path.is_dir()]
    return sorted(folders, key=lambda p: (_number(p), _number(p.parent)), reverse=True)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Within this, a file that cannot be written (a full disk, say) is a CheckpointError."""
    try:
        yield
    except OSError as error:
        raise _cannot_write(path, error) from error


def _cannot_write(path: Path, error: Exception) -> CheckpointError:
    free = shutil.disk_usage(path.parent if path.parent.exists() else ".").free
    return CheckpointError(
        f"cannot write {path}: {error}",
        hint=f"{free / 1e9:.1f} GB of that disk are free. What was saved before is kept: "
        "make room and run the same again to go on.",
    )


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
        raise _cannot_write(folder, error) from error


def _position(details: dict[str, Any]) -> Position | None:
    try:
        return Position.model_validate(details.get("position"))
    except ValidationError:
        return None


def _number(folder: Path) -> int:
    digits = folder.name.rpartition("-")[2]
    return int(digits) if digits.isdigit() else 0
