"""Why: preferences are learned against the model as it starts, without a second one in memory.

What it says of each reply is found once, before the first step, and kept in the run's folder: a
training that goes on after a crash compares with the very same numbers.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from loresmith.errors import CheckpointError, JobCancelled
from loresmith.training.sealed import write_at_once
from loresmith.training.stages.passes import passes_of
from loresmith.training.stages.stage import Compared

if TYPE_CHECKING:
    from loresmith.training.forward import Forward
    from loresmith.training.row_log_probs import RowForward

ComparedT = TypeVar("ComparedT", bound=Compared)

_FILE = "reference.json"
_BETWEEN_NOTES = 10.0  # seconds


class Reference:
    """The log-probabilities by the model as it starts, in `reference.json` of a run's folder."""

    def __init__(
        self,
        folder: Path,
        *,
        run_id: str,
        on_note: Callable[[str], None],
        stopped: Callable[[], bool],
    ) -> None:
        self._path = folder / _FILE
        self._run_id = run_id
        self._on_note = on_note
        self._stopped = stopped

    def known_to(self, items: Sequence[ComparedT], forward: Forward) -> list[ComparedT]:
        """The items, each with its own. Raises JobCancelled when the training is to end."""
        from loresmith.training.row_log_probs import RowForward

        assert isinstance(forward, RowForward)  # stages that are referred make such
        found = self._read()
        if found is None:
            found = self._computed(items, forward)
            self._write(found)
        return [
            item.with_reference(log_probs) for item, log_probs in zip(items, found, strict=True)
        ]

    def _computed(self, items: Sequence[Compared], forward: RowForward) -> list[list[float]]:
        model = forward.model
        was_training = model.training
        model.eval()
        try:
            with forward.ready():
                return self._in_passes(items, forward)
        finally:
            model.train(was_training)

    def _in_passes(self, items: Sequence[Compared], forward: RowForward) -> list[list[float]]:
        found: list[list[float]] = [[] for _ in items]
        numbered = [_Numbered(number, item) for number, item in enumerate(items)]
        done, told = 0, time.monotonic()
        for part in passes_of(numbered, tokens=forward.pass_tokens, packed=forward.packed):
            if self._stopped():
                raise JobCancelled(
                    "training was stopped before its first step", hint="Run the same again."
                )
            rows = [row for one in part for row in one.rows]
            known = iter(forward.log_probs(rows).tolist())
            for one in part:
                found[one.number] = [next(known) for _ in one.rows]
            done += len(part)
            if time.monotonic() - told > _BETWEEN_NOTES:
                told = time.monotonic()
                self._on_note(f"the model as it starts was asked about {done} of {len(items)} rows")
        return found

    def _write(self, found: list[list[float]]) -> None:
        content = json.dumps({"run_id": self._run_id, "log_probs": found})
        try:
            write_at_once(self._path, content)
        except OSError as error:
            raise CheckpointError(
                f"cannot write {self._path}: {error}", hint="Make room, and run the same again."
            ) from error

    def _read(self) -> list[list[float]] | None:
        """What was found before, by this very training; None where there is nothing."""
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if not isinstance(content, dict) or content.get("run_id") != self._run_id:
            return None
        found: list[list[float]] = content["log_probs"]
        return found


class _Numbered:
    def __init__(self, number: int, item: Compared) -> None:
        self.number = number
        self._item = item

    @property
    def rows(self) -> Any:
        return self._item.rows

    @property
    def tokens(self) -> int:
        return self._item.tokens

    @property
    def mark(self) -> bytes:
        return b""
